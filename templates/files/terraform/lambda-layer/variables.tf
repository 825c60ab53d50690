variable "name" {
  description = "The layer's name, for example `my_app-dev-system_fetcher`."
  type        = string
}

variable "file" {
  description = "The zip."
  type        = string
}

variable "hash" {
  description = "SHA-256 of the zip, in base64."
  type        = string
}

variable "runtime" {
  description = "The runtime it is for, for example `python3.13`."
  type        = string
}

variable "architecture" {
  description = "`arm64` or `x86_64`."
  type        = string
}
