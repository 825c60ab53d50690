variable "function" {
  description = "The function, as computed in manifest/."
  type = object({
    function_name    = string
    arn              = string
    role_name        = string
    log_group        = string
    log_retention    = number
    own_policy       = string
    managed_policies = list(string)
    runtime          = string
    handler          = string
    architecture     = string
    memory           = number
    timeout          = number
    concurrency      = number
    retries          = number
    event_age        = number
    on_failure       = string
    on_success       = string
    dead_letter      = string
    recursion        = string
    url_auth         = string
    code = object({
      file          = string
      sha256_base64 = string
    })
  })
}

variable "environment" {
  description = "All environment variables, including secrets."
  type        = map(string)
}

variable "layers" {
  description = "The ARNs of layer versions, in order."
  type        = list(string)
}

variable "permissions_boundary" {
  description = "The ARN of the permissions boundary of the role; null for none."
  type        = string
}
