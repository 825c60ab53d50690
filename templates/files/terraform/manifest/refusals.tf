# Finds manifests that cannot be deployed, before any change. Each list has the display names of the affected functions.

locals {
  display_names = { for name, function in local.described : name => name == "endpoint" ? "the endpoint" : "worker `${name}`" }

  artifacts = merge(
    { for name, function in local.described : name => function.code if function.code != null },
    { for name, function in local.described : "${name}/layer" => function.layer if function.layer != null },
  )
  files   = { for key, artifact in local.artifacts : key => "${local.folder}/${artifact.path}" }
  missing = [for key, file in local.files : "`${file}`" if !fileexists(file)]
  stale = [
    for key, file in local.files : "`${file}`"
    if fileexists(file) ? filebase64sha256(file) != local.artifacts[key].sha256_base64 : false
  ]

  zip_limit = 50000000 # Lambda's limit for requests, 70,167,211 bytes, with the zip as base64
  too_large_zips = [
    for key, artifact in local.artifacts : "`${local.files[key]}` (${artifact.bytes})"
    if try(artifact.bytes, 0) > local.zip_limit && var.upload_bucket == null
  ]

  not_built = [for name, function in local.described : local.display_names[name] if function.code == null]

  name_limit = 64 # Lambda's limit for names of functions, in characters
  too_long = [
    for name, function_name in local.function_names : "`${function_name}` (${length(function_name)})"
    if length(function_name) > local.name_limit
  ]

  unknown_callees = flatten([
    for name, callees in local.callees :
    [for callee in callees : "`${callee}`, called by ${local.display_names[name]}" if !contains(keys(local.manifest.workers), callee)]
  ])

  too_much_environment = [
    for name, bytes in local.plain_bytes : "${local.display_names[name]} (${bytes})" if bytes > local.environment_limit
  ]

  layer_limit = 5
  layer_counts = {
    for name, function in local.described : name => length(function.layers) + (function.layer == null ? 0 : 1)
  }
  too_many_layers = [for name, count in local.layer_counts : "${local.display_names[name]} (${count})" if count > local.layer_limit]

  # A destination that is not an ARN must be a worker of the app.
  unknown_destinations = flatten([
    for name, destinations in local.event_destinations :
    [for destination in destinations : "`${destination.arn}`, destination of ${local.display_names[name]}" if !startswith(destination.arn, "arn:")]
  ])
  unsupported_destinations = flatten([
    for name, destinations in local.event_destinations :
    [for destination in destinations : "`${destination.arn}` of ${local.display_names[name]}" if startswith(destination.arn, "arn:") && destination.action == ""]
  ])
  # Lambda writes only records of failures to buckets.
  bucket_destinations = flatten([
    for name, destinations in local.event_destinations :
    [for destination in destinations : "`${destination.arn}` of ${local.display_names[name]}" if destination.action == "s3:PutObject" && destination.sid != "HandOnFailedEvents"]
  ])

  # Without the block, Lambda would create functions that can never become durable.
  has_durable_block = fileexists("${path.module}/../lambda/durable_override.tf")
  durable_without_block = [
    for name, durable in local.durable_configs : local.display_names[name] if durable != null && !local.has_durable_block
  ]

  queue_name_limit = 80 # SQS's limit for names of queues, in characters
  too_long_queues = [
    for queue, name in local.queue_names : "`${name}-dead` (${length(name) + 5})"
    if length(name) + 5 > local.queue_name_limit
  ]

  too_large_policies = [
    for name, policy in local.policies : "${local.display_names[name]} (${length(policy.own)})"
    if length(policy.own) > local.own_policy_limit
  ]

  # The retention periods that CloudWatch Logs supports; 0 would keep logs forever.
  retentions = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
  ]
  log_retentions = {
    for name, function in local.described :
    name => var.log_retention == null ? function.log_retention : var.log_retention
  }
  invalid_retentions = distinct([
    for name, days in local.log_retentions : "${var.log_retention == null ? local.display_names[name] : "`log_retention`"} (${days})"
    if !contains(local.retentions, days)
  ])
}
