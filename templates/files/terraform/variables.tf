variable "stage" {
  description = "The stage to deploy to, for example `dev`. Each stage has a state of its own: a workspace, or a backend."
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
  description = "Days to keep the logs of every function, in place of what the settings say."
  type        = number
  default     = null
}

variable "url_auth" {
  description = "Who may call the endpoint's URL, in place of what the settings say: `none` (everybody) or `iam`."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "The ARN of a policy that bounds what the functions' roles may do; null for none."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of all that is made here, beside the ones that say whose it is."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key, value in var.tags : !startswith(key, "bedrock:") && !startswith(key, "aws:")])
    error_message = "tags that begin with `bedrock:` or `aws:` are not yours to set"
  }
}

variable "check_owner" {
  description = "Ask AWS whether `cargo bedrock deploy` owns this stage of the app, which takes the right `tag:GetResources`."
  type        = bool
  default     = true
}
