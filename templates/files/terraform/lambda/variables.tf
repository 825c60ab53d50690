variable "function" {
  description = "What manifest/ decided about the function."
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
  description = "All variables, the secret ones too."
  type        = map(string)
}

variable "layers" {
  description = "The ARNs of layer versions, in order."
  type        = list(string)
}

variable "permissions_boundary" {
  description = "The ARN of a policy that bounds what the role may do; null for none."
  type        = string
}
