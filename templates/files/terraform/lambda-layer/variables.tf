variable "name" {
  description = "The name of the layer, for example `my_app-dev-system_fetcher`."
  type        = string
}

variable "file" {
  description = "The path of the zip."
  type        = string
}

variable "bucket" {
  description = "The name of an existing bucket for the zip; null to send it in a request."
  type        = string
  default     = null
}

variable "hash" {
  description = "The SHA-256 hash of the zip, in base64."
  type        = string
}

variable "runtime" {
  description = "The compatible runtime, for example `python3.13`."
  type        = string
}

variable "architecture" {
  description = "The instruction set architecture: `arm64` or `x86_64`."
  type        = string
}
