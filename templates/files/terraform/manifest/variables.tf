variable "path" {
  description = "The path of the manifest that `cargo bedrock build` wrote."
  type        = string

  validation {
    condition     = fileexists(var.path)
    error_message = "there is no manifest at `${var.path}`: run `cargo bedrock build --release`"
  }

  validation {
    condition     = !fileexists(var.path) || can(jsondecode(file(var.path)))
    error_message = "`${var.path}` is not valid JSON: run `cargo bedrock build --release`"
  }

  validation {
    condition     = !can(jsondecode(file(var.path))) || contains([1, 2, 3, 4], try(jsondecode(file(var.path)).version, 0))
    error_message = "`${var.path}` is not a manifest of version 1, 2, 3 or 4: run `cargo bedrock terraform upgrade`"
  }
}

variable "stage" {
  description = "The stage to deploy to, for example `dev`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*([_-][a-z0-9]+)*$", var.stage))
    error_message = "`${var.stage}` is not a valid stage name: use lower-case letters, digits, `_` and `-`, starting with a letter"
  }
}

variable "partition" {
  description = "The partition: `aws`, `aws-cn` or `aws-us-gov`."
  type        = string
}

variable "region" {
  description = "The region, for example `eu-west-1`."
  type        = string
}

variable "account" {
  description = "The ID of the AWS account."
  type        = string
}

variable "log_retention" {
  description = "Retention period of logs in days; overrides the manifest."
  type        = number
  default     = null
}

variable "url_auth" {
  description = "Authorization of the endpoint's URL: `none` (public) or `iam`; overrides the manifest."
  type        = string
  default     = null

  validation {
    condition     = var.url_auth == null ? true : contains(["none", "iam"], var.url_auth)
    error_message = "`url_auth` must be `none` or `iam`"
  }
}

variable "upload_bucket" {
  description = "The name of an existing bucket for zips that are too large for a request; null for none."
  type        = string
  default     = null
}

variable "secret_bytes" {
  description = "The size of the value of each secret as JSON, in bytes. The values themselves are not passed to this module."
  type        = map(number)
  default     = {}
}
