variable "path" {
  description = "The manifest that `cargo bedrock build` wrote."
  type        = string

  validation {
    condition     = fileexists(var.path)
    error_message = "there is no manifest at `${var.path}`: run `cargo bedrock build --release`"
  }

  validation {
    condition     = !fileexists(var.path) || can(jsondecode(file(var.path)))
    error_message = "`${var.path}` is no JSON: run `cargo bedrock build --release`"
  }

  validation {
    condition     = !can(jsondecode(file(var.path))) || contains([1, 2], try(jsondecode(file(var.path)).version, 0))
    error_message = "`${var.path}` is no manifest of version 1 or 2, which this terraform reads: run `cargo bedrock terraform upgrade`"
  }
}

variable "stage" {
  description = "The stage to deploy to, for example `dev`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*([_-][a-z0-9]+)*$", var.stage))
    error_message = "`${var.stage}` cannot name a stage: use lower-case letters, digits, `_` and `-`, beginning with a letter"
  }
}

variable "partition" {
  description = "`aws`, `aws-cn` or `aws-us-gov`."
  type        = string
}

variable "region" {
  description = "The region, for example `eu-west-1`."
  type        = string
}

variable "account" {
  description = "The number of the AWS account."
  type        = string
}

variable "log_retention" {
  description = "Days to keep logs, in place of what the manifest says."
  type        = number
  default     = null
}

variable "url_auth" {
  description = "Who may call the endpoint's URL, in place of what the manifest says: `none` (everybody) or `iam`."
  type        = string
  default     = null

  validation {
    condition     = var.url_auth == null ? true : contains(["none", "iam"], var.url_auth)
    error_message = "`url_auth` is `none` or `iam`"
  }
}

variable "secret_bytes" {
  description = "Bytes of the value of each secret, written as JSON. The values themselves do not come here."
  type        = map(number)
  default     = {}
}
