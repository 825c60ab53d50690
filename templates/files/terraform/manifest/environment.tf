# The environment of each function: what the manifest says, and the ARNs of its callees where there is room for them.
# Values of secrets are added outside of this module, which is told their sizes alone.

locals {
  environment_limit = 4096 # bytes of compact JSON for all variables of a function: a quota of Lambda

  arn_variables = {
    for name, callees in local.callees :
    name => {
      for callee in callees :
      upper("${replace(local.app, "-", "_")}_WORKER_ARN_${callee}") => local.arns[callee]
      if contains(keys(local.arns), callee)
    }
  }

  # By these, every function finds the queues and buckets of the triggers: who sends to them is not known.
  queue_urls = {
    for queue, arn in local.queue_arns :
    queue => format(
      "https://sqs.%s.amazonaws.com%s/%s/%s",
      split(":", arn)[3], split(":", arn)[1] == "aws-cn" ? ".cn" : "", split(":", arn)[4], split(":", arn)[5],
    )
  }
  place_variables = merge(
    { for queue, url in local.queue_urls : "${local.app}_QUEUE_URL_${element(reverse(split(":", queue)), 0)}" => url },
    {
      for bucket in local.bucket_keys :
      "${local.app}_BUCKET_${element(reverse(split(":", bucket)), 0)}" => try(local.bucket_names[bucket], element(split(":", bucket), 5))
    },
  )
  places = { for name, value in local.place_variables : upper(replace(name, "/[^A-Za-z0-9]/", "_")) => value }

  # What a secret is found by: `ssm:/path/name` or `secretsmanager:name`.
  secrets = {
    for name, function in local.described :
    name => { for key, secret in function.secrets : key => one([for store, id in secret : "${store}:${id}"]) }
  }

  # As JSON with every secret empty: two quotes, which its own size counts too.
  plain_json = {
    for name, function in local.described :
    name => jsonencode(merge(local.places, function.environment, { for key, secret in local.secrets[name] : key => "" }))
  }
  full_json = {
    for name, text in local.plain_json : name => jsonencode(merge(jsondecode(text), local.arn_variables[name]))
  }
  secret_bytes = {
    for name, secrets in local.secrets :
    name => sum(concat([0], [for key, secret in secrets : lookup(var.secret_bytes, secret, 2) - 2]))
  }

  # `length` counts characters, so bytes are counted in base64: four characters for three of them.
  plain_bytes = {
    for name, text in local.plain_json :
    name => floor(length(replace(base64encode(text), "=", "")) * 3 / 4) + local.secret_bytes[name]
  }
  full_bytes = {
    for name, text in local.full_json :
    name => floor(length(replace(base64encode(text), "=", "")) * 3 / 4) + local.secret_bytes[name]
  }

  # All ARNs or none: a program that does not find one derives it from the name of its own function.
  environments = {
    for name, function in local.described :
    name => merge(local.places, function.environment, {
      for key, arn in local.arn_variables[name] : key => arn if local.full_bytes[name] <= local.environment_limit
    })
  }
}
