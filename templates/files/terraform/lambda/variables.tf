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
    stream           = bool
    durable          = object({ timeout = number, retention = number })
    cors = object({
      allow_credentials = bool
      allow_headers     = list(string)
      allow_methods     = list(string)
      allow_origins     = list(string)
      expose_headers    = list(string)
      max_age           = number
    })
    lambda = object({
      code_signing            = string
      description             = string
      ephemeral_storage       = number
      file_system             = object({ arn = string, path = string })
      kms_key                 = string
      logging                 = object({ format = string, level = string, system_level = string, group = string })
      provisioned_concurrency = number
      runtime_management      = object({ mode = string, version = string })
      snap_start              = bool
      tags                    = map(string)
      tracing                 = string
      vpc                     = object({ subnets = list(string), security_groups = list(string), ipv6 = bool })
    })
    code = object({
      file          = string
      sha256_base64 = string
      bucket        = string
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

variable "role_path" {
  description = "The path of the role in IAM."
  type        = string
}

variable "permissions_boundary" {
  description = "The ARN of the permissions boundary of the role; null for none."
  type        = string
}
