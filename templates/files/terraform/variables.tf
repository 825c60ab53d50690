variable "stage" {
  description = "The stage to deploy to, for example `dev`. Each stage has its own state: a workspace or a backend."
  type        = string
}

variable "region" {
  description = "The region to deploy to; null takes it from the environment (`AWS_REGION`)."
  type        = string
  default     = null
}

variable "manifest" {
  description = "The manifest that `cargo bedrock build` wrote, relative to this folder."
  type        = string
  default     = "../target/bedrock/manifest.json"
}

variable "log_retention" {
  description = "Retention period of the logs of all functions in days; overrides the settings."
  type        = number
  default     = null
}

variable "url_auth" {
  description = "Authorization of the endpoint's URL: `none` (public) or `iam`; overrides the settings."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "The ARN of the permissions boundary of all roles; null for none."
  type        = string
  default     = null
}

variable "role_path" {
  description = "The path of all roles in IAM."
  type        = string
  default     = "/"
}

variable "upload_bucket" {
  description = "The name of an existing bucket of the region, for zips that are too large for a request; null for none."
  type        = string
  default     = null
}

variable "keep_tables" {
  description = "Protect the tables of the app from deletion. Set it to false, and apply, before a destroy."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of all resources, in addition to the tags that identify the owner."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key, value in var.tags : !startswith(key, "bedrock:") && !startswith(key, "aws:")])
    error_message = "tags that start with `bedrock:` or `aws:` are reserved"
  }
}

variable "check_owner" {
  description = "Check whether `cargo bedrock deploy` owns this stage of the app. Requires the permission `tag:GetResources`."
  type        = bool
  default     = true
}
