output "app" {
  description = "The name of the app."
  value       = local.app
}

output "tags" {
  description = "Tags that identify the owner of a resource. `cargo bedrock deploy` does not change resources that Terraform owns."
  value = {
    "bedrock:app"   = local.app
    "bedrock:stage" = var.stage
    "bedrock:owner" = "terraform"
  }
}

output "secrets" {
  description = "For each function, the identifiers of its secret variables: `ssm:NAME` or `secretsmanager:NAME`."
  value       = local.secrets
}

output "functions" {
  description = "The functions of the endpoint and the workers."
  value = {
    for name, function in local.described : name => {
      function_name    = local.function_names[name]
      arn              = local.arns[name]
      role_name        = local.role_names[name]
      log_group        = local.log_groups[name]
      log_retention    = local.log_retentions[name]
      own_policy       = local.policies[name].own
      managed_policies = local.policies[name].managed
      runtime          = function.runtime
      handler          = function.handler
      architecture     = function.architecture
      memory           = function.memory
      timeout          = function.timeout
      concurrency      = function.concurrency
      environment      = local.environments[name]
      retries          = function.retries
      event_age        = function.event_age
      on_failure       = local.destinations[name].on_failure
      on_success       = local.destinations[name].on_success
      dead_letter      = local.destinations[name].dead_letter
      recursion        = function.recursion
      layers           = function.layers
      lambda           = local.lambda_settings[name]
      durable          = local.durable_configs[name]
      code = try({
        file          = local.files[name]
        sha256_base64 = function.code.sha256_base64
        bucket        = try(function.code.bytes, 0) > local.zip_limit ? var.upload_bucket : null
      }, null)
      layer = try({
        name          = "${local.prefix}${function.layer.name}"
        file          = local.files["${name}/layer"]
        sha256_base64 = function.layer.sha256_base64
        bucket        = try(function.layer.bytes, 0) > local.zip_limit ? var.upload_bucket : null
      }, null)
      # Workers have no URL, and an endpoint may have none.
      url_auth = name != "endpoint" || try(function.url_auth, null) == null ? null : var.url_auth != null ? var.url_auth : function.url_auth
      cors     = name == "endpoint" ? try(function.cors, null) : null
      stream   = name == "endpoint" && try(function.stream, null) == true
    }
  }

  precondition {
    condition     = !contains(keys(local.manifest.workers), "endpoint")
    error_message = "a worker cannot be named `endpoint`: rename its folder"
  }

  precondition {
    condition     = length(local.not_built) == 0
    error_message = "not built yet: ${join(", ", local.not_built)}: run `cargo bedrock build --release`"
  }

  precondition {
    condition     = length(local.missing) == 0
    error_message = "files of the manifest are missing: ${join(", ", local.missing)}: run `cargo bedrock build --release`"
  }

  precondition {
    condition     = length(local.stale) == 0
    error_message = "files have changed since the manifest was written: ${join(", ", local.stale)}: run `cargo bedrock build --release`"
  }

  precondition {
    condition     = length(local.too_large_zips) == 0
    error_message = "zips have at most ${local.zip_limit} bytes: ${join(", ", local.too_large_zips)}: remove dependencies, move some into a layer, or set `upload_bucket` to the name of an existing bucket of the region"
  }

  precondition {
    condition     = length(local.too_long) == 0
    error_message = "function names have at most ${local.name_limit} characters: ${join(", ", local.too_long)}: shorten the stage, or rename the worker"
  }

  precondition {
    condition     = length(local.unknown_callees) == 0
    error_message = "no such worker: ${join(", ", local.unknown_callees)}: run `cargo bedrock build --release`"
  }

  precondition {
    condition     = length(local.too_much_environment) == 0
    error_message = "the environment variables and secrets of a function have at most ${local.environment_limit} bytes as JSON: ${join(", ", local.too_much_environment)}"
  }

  precondition {
    condition     = length(local.too_many_layers) == 0
    error_message = "a function has at most ${local.layer_limit} layers: ${join(", ", local.too_many_layers)}"
  }

  precondition {
    condition     = length(local.too_large_policies) == 0
    error_message = "the policy of a function has at most ${local.own_policy_limit} characters: ${join(", ", local.too_large_policies)}: name fewer resources in `uses`"
  }

  precondition {
    condition     = length(local.unknown_members) == 0
    error_message = "only `cargo bedrock deploy` sends the members of `lambda` in the settings: write them as attributes of `aws_lambda_function` in terraform/lambda/main.tf, and take them out of the settings: ${join(", ", local.unknown_members)}"
  }

  precondition {
    condition     = length(local.durable_without_block) == 0
    error_message = "durable functions need version 6.25 or newer of the AWS provider: copy terraform/lambda/durable_override.tf.example to terraform/lambda/durable_override.tf: ${join(", ", local.durable_without_block)}"
  }

  precondition {
    condition     = length(local.unsupported_destinations) == 0
    error_message = "a destination must be a queue, a topic, a function or an event bus: ${join(", ", local.unsupported_destinations)}"
  }

  precondition {
    condition     = length(local.bucket_destinations) == 0
    error_message = "a bucket receives only records of failed events, as `on-failure`: ${join(", ", local.bucket_destinations)}"
  }

  precondition {
    condition     = length(local.unknown_destinations) == 0
    error_message = "no such worker: ${join(", ", local.unknown_destinations)}: run `cargo bedrock build --release`"
  }

  precondition {
    condition     = length(local.too_long_queues) == 0
    error_message = "queue names have at most ${local.queue_name_limit} characters: ${join(", ", local.too_long_queues)}: shorten the stage, or rename the queue"
  }

  precondition {
    condition     = length(local.invalid_retentions) == 0
    error_message = "the log retention in days must be one of ${join(", ", local.retentions)}: ${join(", ", local.invalid_retentions)}"
  }
}

output "http_api" {
  description = "The HTTP API in front of the endpoint; null if there is none."
  value = try(local.described["endpoint"].http_api, null) == null ? null : {
    name = "${local.app}-${var.stage}"
    routes = [
      for route in local.described["endpoint"].http_api.routes : {
        key    = route.key
        auth   = route.auth
        scopes = [for scope in route.scopes : scope]
      }
    ]
    jwt = try({
      issuer          = local.described["endpoint"].http_api.jwt.issuer
      audience        = [for audience in local.described["endpoint"].http_api.jwt.audience : audience]
      identity_source = local.described["endpoint"].http_api.jwt.identity_source
    }, null)
    domain = try({
      name        = local.described["endpoint"].http_api.domain.name
      certificate = local.described["endpoint"].http_api.domain.certificate
    }, null)
    throttling = try({
      burst = local.described["endpoint"].http_api.throttling.burst
      rate  = local.described["endpoint"].http_api.throttling.rate
    }, null)
  }
}

output "schedule_group" {
  description = "The name of the group of all schedules."
  value       = local.schedule_group
}

output "schedule_roles" {
  description = "For each worker with schedules, the role that EventBridge Scheduler uses to invoke it."
  value = {
    for name, role in local.long_schedule_roles : name => {
      name   = length(role) <= 64 ? role : "${substr(role, 0, 55)}-${substr(sha256(role), 0, 8)}"
      trust  = local.schedule_role_trusted
      policy = local.schedule_role_policy[name]
    }
  }
}

output "schedules" {
  description = "The schedules, by name."
  value = {
    for name, schedule in local.schedules : name => {
      worker     = schedule.worker
      expression = schedule.schedule
      timezone   = schedule.timezone
      input      = schedule.event
    }
  }
}

output "queues" {
  description = "The queues of the app, each with its dead-letter queue."
  value = {
    for queue, name in local.queue_names : queue => {
      name                        = name
      dead                        = endswith(name, ".fifo") ? "${trimsuffix(name, ".fifo")}-dead.fifo" : "${name}-dead"
      fifo                        = endswith(name, ".fifo")
      content_based_deduplication = try(local.mappings[queue].content_based_deduplication, false)
      visibility_timeout          = try(local.mappings[queue].visibility_timeout, 30)
      max_receives                = try(local.mappings[queue].max_receives, 3)
    }
  }
}

output "mappings" {
  description = "The event source mappings, by the name of the app's queue or the ARN of an existing queue."
  value = {
    for queue, mapping in local.mappings : queue => {
      worker              = mapping.worker
      queue_arn           = local.queue_arns[queue]
      batch_size          = mapping.batch_size
      batch_window        = mapping.batch_window
      partial_failures    = mapping.partial_failures
      filters             = try([for filter in mapping.filters : filter], [])
      maximum_concurrency = try(mapping.maximum_concurrency, null)
    }
  }
}

output "buckets" {
  description = "The buckets with their notifications, by the name of the app's bucket or the ARN of an existing bucket."
  value = {
    for bucket in local.bucket_keys : bucket => {
      name = try(local.bucket_names[bucket], element(split(":", bucket), 5))
      arn  = try("arn:${var.partition}:s3:::${local.bucket_names[bucket]}", bucket)
      own  = !startswith(bucket, "arn:")
      notices = [
        for notice in local.notices : {
          worker = notice.worker
          events = [for event in notice.events : "s3:Object${title(event)}:*"]
          prefix = notice.prefix
          suffix = notice.suffix
        } if notice.bucket == bucket
      ]
    }
  }
}

output "tables" {
  description = "The tables of the app, by their names in the settings."
  value = {
    for table, key in local.table_keys : table => {
      name      = "${local.prefix}${table}"
      partition = key.partition
      sort      = key.sort
      # Null without a stream.
      stream_view_type = try(local.stream_view_types[table][0], null)
    }
  }
}

output "streams" {
  description = "The full names of the Kinesis streams of the app, by their names in the settings."
  value       = { for stream in local.used_of_app["stream"] : stream => "${local.prefix}${stream}" }
}

output "stream_mappings" {
  description = "The event source mappings of streams, by worker and stream."
  value = {
    for key, mapping in local.stream_mappings : key => {
      worker                         = mapping.worker
      table                          = mapping.table
      stream                         = mapping.stream
      arn                            = mapping.arn
      starting_position              = mapping.starting_position
      starting_position_timestamp    = try(mapping.starting_position_timestamp, null)
      batch_size                     = mapping.batch_size
      batch_window                   = mapping.batch_window
      parallelization_factor         = mapping.parallelization_factor
      maximum_retry_attempts         = mapping.maximum_retry_attempts
      maximum_record_age             = mapping.maximum_record_age
      bisect_batch_on_function_error = mapping.bisect_batch_on_function_error
      tumbling_window                = mapping.tumbling_window
      partial_failures               = mapping.partial_failures
      filters                        = try([for filter in mapping.filters : filter], [])
      on_failure                     = mapping.on_failure
    }
  }
}

output "topics" {
  description = "The full names of the topics of the app, by their names in the settings."
  value       = { for topic in local.used_of_app["topic"] : topic => "${local.prefix}${topic}" }
}

output "buses" {
  description = "The full names of the event buses of the app, by their names in the settings."
  value       = { for bus in local.used_of_app["bus"] : bus => "${local.prefix}${bus}" }
}

output "subscriptions" {
  description = "The subscriptions of topics, by worker and topic."
  value       = local.subscriptions
}

output "rules" {
  description = "The rules of event buses, by worker and number."
  value = {
    for key, rule in local.rules : key => {
      worker  = rule.worker
      name    = rule.name
      key     = rule.key
      bus     = rule.bus
      pattern = rule.pattern
      arn     = "arn:${var.partition}:events:${var.region}:${var.account}:rule/${rule.bus == "default" ? "" : "${rule.bus}/"}${rule.name}"
    }
  }
}

output "alarms" {
  description = "The CloudWatch alarms, by their names."
  value = {
    for name, alarm in merge(local.function_alarms, local.queue_alarms) : name => {
      description         = "${alarm.metric} of ${one(values(alarm.dimensions))}"
      namespace           = alarm.namespace
      metric              = alarm.metric
      dimensions          = alarm.dimensions
      statistic           = alarm.statistic
      threshold           = alarm.threshold
      period              = local.alarm_settings[alarm.worker].period
      evaluation_periods  = local.alarm_settings[alarm.worker].evaluation_periods
      datapoints_to_alarm = local.alarm_settings[alarm.worker].datapoints_to_alarm
      # The name of a topic of the app, or an ARN.
      notify = local.alarm_settings[alarm.worker].notify
    }
  }
}
