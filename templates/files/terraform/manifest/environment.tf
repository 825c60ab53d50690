# The environment variables of each function: those in the manifest, and the ARNs of its callees if they fit. The values
# of secrets are added outside of this module, which only knows their sizes.

locals {
  environment_limit = 4096 # Lambda's quota: bytes of compact JSON of all variables of a function

  arn_variables = {
    for name, callees in local.callees :
    name => {
      for callee in callees :
      upper("${replace(local.app, "-", "_")}_WORKER_ARN_${callee}") => local.live_arns[callee]
      if contains(keys(local.arns), callee)
    }
  }

  # The domains of the services in partitions that do not use `amazonaws.com`.
  dns_suffixes = {
    "aws-cn"    = "amazonaws.com.cn"
    "aws-eusc"  = "amazonaws.eu"
    "aws-iso"   = "c2s.ic.gov"
    "aws-iso-b" = "sc2s.sgov.gov"
    "aws-iso-e" = "cloud.adc-e.uk"
    "aws-iso-f" = "csp.hci.ic.gov"
  }

  # Every function gets the queues and buckets of all triggers, because the manifest does not say which functions send
  # to them.
  queue_urls = {
    for queue, arn in local.queue_arns :
    queue => format(
      "https://sqs.%s.%s/%s/%s",
      split(":", arn)[3], lookup(local.dns_suffixes, split(":", arn)[1], "amazonaws.com"), split(":", arn)[4], split(":", arn)[5],
    )
  }
  resource_variables = merge(
    { for queue, url in local.queue_urls : "${local.app}_QUEUE_URL_${element(reverse(split(":", queue)), 0)}" => url },
    {
      for bucket in local.trigger_buckets :
      "${local.app}_BUCKET_${element(reverse(split(":", bucket)), 0)}" => try(local.bucket_names[bucket], element(split(":", bucket), 5))
    },
  )
  resource_environment = { for name, value in local.resource_variables : upper(replace(name, "/[^A-Za-z0-9]/", "_")) => value }

  # The identifier of each secret: `ssm:/path/name` or `secretsmanager:name`.
  secrets = {
    for name, function in local.described :
    name => { for key, secret in function.secrets : key => one([for store, id in secret : "${store}:${id}"]) }
  }

  # The JSON with an empty string for each secret. The size of a secret also includes these two quotes.
  plain_json = {
    for name, function in local.described :
    name => jsonencode(merge(local.resource_environment, local.use_environments[name], function.environment, { for key, secret in local.secrets[name] : key => "" }))
  }
  full_json = {
    for name, text in local.plain_json : name => jsonencode(merge(jsondecode(text), local.arn_variables[name]))
  }
  secret_bytes = {
    for name, secrets in local.secrets :
    name => sum(concat([0], [for key, secret in secrets : lookup(var.secret_bytes, secret, 2) - 2]))
  }

  # `length` counts characters; base64 has four characters for three bytes.
  plain_bytes = {
    for name, text in local.plain_json :
    name => floor(length(replace(base64encode(text), "=", "")) * 3 / 4) + local.secret_bytes[name]
  }
  full_bytes = {
    for name, text in local.full_json :
    name => floor(length(replace(base64encode(text), "=", "")) * 3 / 4) + local.secret_bytes[name]
  }

  # All ARNs or none: a function that finds no ARN derives the name of the callee from its own name.
  environments = {
    for name, function in local.described :
    name => merge(local.resource_environment, local.use_environments[name], function.environment, {
      for key, arn in local.arn_variables[name] : key => arn if local.full_bytes[name] <= local.environment_limit
    })
  }
}
