# The triggers of functions: schedules, queues, buckets, topics, rules of event buses and streams. They invoke the aliases of functions, as workers do.

locals {
  triggers = { for name, function in local.described : name => try([for trigger in function.triggers : trigger], []) }

  # The name of a schedule is the name of its worker and its number among the worker's schedules.
  schedules = merge([
    for name, triggers in local.triggers : {
      for index, trigger in [for trigger in triggers : trigger if can(trigger.schedule)] :
      "${name}-${index + 1}" => merge(trigger, { worker = name })
    }
  ]...)

  # Roles belong to the account, so their names include the region, like the names of the functions' roles.
  scheduled             = toset([for schedule in local.schedules : schedule.worker])
  long_schedule_roles   = { for name in local.scheduled : name => "${local.function_names[name]}-schedule-${var.region}" }
  schedule_group        = "${local.app}-${var.stage}"
  schedule_group_arn    = "arn:${var.partition}:scheduler:${var.region}:${var.account}:schedule-group/${local.schedule_group}"
  schedule_role_policy  = { for name in local.scheduled : name => jsonencode(local.schedule_role_document[name]) }
  schedule_role_trusted = jsonencode(local.schedule_role_trust)

  schedule_role_document = {
    for name in local.scheduled : name => {
      Version = "2012-10-17"
      Statement = [{
        Sid    = "Invoke"
        Effect = "Allow"
        Action = "lambda:InvokeFunction"
        # Schedules of an earlier configuration invoke the unqualified function until they are updated.
        Resource = [local.arns[name], local.live_arns[name]]
      }]
    }
  }

  # EventBridge Scheduler may use the role only for schedules of this group.
  schedule_role_trust = {
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = var.account, "aws:SourceArn" = local.schedule_group_arn } }
    }]
  }

  # A queue invokes one worker: `cargo bedrock build` rejects anything else.
  mappings = merge([
    for name, triggers in local.triggers :
    { for trigger in triggers : trigger.queue => merge(trigger, { worker = name }) if can(trigger.queue) }
  ]...)

  queue_names = merge(
    { for queue, mapping in local.mappings : queue => "${local.prefix}${queue}" if !startswith(queue, "arn:") },
    { for queue in local.used_of_app["queue"] : queue => "${local.prefix}${queue}" },
  )
  queue_arns = {
    for queue, mapping in local.mappings :
    queue => try("arn:${var.partition}:sqs:${var.region}:${var.account}:${local.queue_names[queue]}", queue)
  }
  consumed_queues = {
    for name, function in local.described :
    name => sort([for queue, mapping in local.mappings : local.queue_arns[queue] if mapping.worker == name])
  }

  # A worker has one subscription of a topic: `cargo bedrock build` rejects a second one.
  subscriptions = merge([
    for name, triggers in local.triggers : {
      for trigger in triggers : "${name}/${trigger.topic}" => {
        worker = name
        topic  = trigger.topic
        arn    = startswith(trigger.topic, "arn:") ? trigger.topic : "arn:${var.partition}:sns:${var.region}:${var.account}:${local.prefix}${trigger.topic}"
        filter = trigger.filter
        scope  = trigger.filter_scope == "body" ? "MessageBody" : "MessageAttributes"
      } if can(trigger.topic)
    }
  ]...)

  # The name of a rule is the name of its function and its number among the worker's rules. It has at most 64 characters.
  bus_triggers = merge([
    for name, triggers in local.triggers : {
      for index, trigger in [for trigger in triggers : trigger if can(trigger.bus)] : "${name}-${index + 1}" => {
        worker  = name
        key     = trigger.bus
        bus     = startswith(trigger.bus, "arn:") || trigger.bus == "default" ? element(split("/", trigger.bus), length(split("/", trigger.bus)) - 1) : "${local.prefix}${trigger.bus}"
        pattern = trigger.pattern
        long    = "${local.function_names[name]}-${index + 1}"
      }
    }
  ]...)
  rules = {
    for key, rule in local.bus_triggers :
    key => merge(rule, { name = length(rule.long) <= 64 ? rule.long : "${substr(rule.long, 0, 55)}-${substr(sha256(rule.long), 0, 8)}" })
  }

  # Topics and event buses of the app that invoke workers. Every account has the bus `default`.
  trigger_topics = [for subscription in values(local.subscriptions) : subscription.topic if !startswith(subscription.topic, "arn:")]
  trigger_buses  = [for rule in values(local.bus_triggers) : rule.key if !startswith(rule.key, "arn:") && rule.key != "default"]

  # A worker has one event source mapping of a stream: `cargo bedrock build` rejects a second one. The ARN of the stream of a
  # table contains the time when it was enabled.
  stream_mappings = merge([
    for name, triggers in local.triggers : {
      for trigger in triggers : "${name}/${try(trigger.dynamodb, trigger.kinesis)}" => merge(trigger, {
        worker = name
        table  = try(startswith(trigger.dynamodb, "arn:") ? null : trigger.dynamodb, null)
        stream = try(startswith(trigger.kinesis, "arn:") ? null : trigger.kinesis, null)
        arn    = try(startswith(trigger.dynamodb, "arn:") ? trigger.dynamodb : null, startswith(trigger.kinesis, "arn:") ? trigger.kinesis : null, null)
      }) if can(trigger.parallelization_factor)
    }
  ]...)
  stream_view_types = { for mapping in values(local.stream_mappings) : mapping.table => mapping.stream_view_type... if mapping.table != null }
  trigger_streams   = [for mapping in values(local.stream_mappings) : mapping.stream if mapping.stream != null]

  # The streams of each function by the statements of its policy.
  read_streams = {
    for name, function in local.described : name => {
      dynamodb = sort([
        for mapping in values(local.stream_mappings) :
        mapping.table == null ? mapping.dynamodb : "arn:${var.partition}:dynamodb:${var.region}:${var.account}:table/${local.prefix}${mapping.table}/stream/*"
        if mapping.worker == name && can(mapping.dynamodb)
      ])
      kinesis = sort([
        for mapping in values(local.stream_mappings) :
        mapping.stream == null ? mapping.kinesis : "arn:${var.partition}:kinesis:${var.region}:${var.account}:stream/${local.prefix}${mapping.stream}"
        if mapping.worker == name && can(mapping.kinesis)
      ])
      destinations = sort(distinct([
        for mapping in values(local.stream_mappings) : mapping.on_failure if mapping.worker == name && mapping.on_failure != null
      ]))
    }
  }

  notices = flatten([
    for name, triggers in local.triggers : [
      for trigger in triggers : merge(trigger, { worker = name }) if can(trigger.bucket)
    ]
  ])
  trigger_buckets = toset(local.notices[*].bucket)
  bucket_keys     = setunion(local.trigger_buckets, local.used_of_app["bucket"])

  # Bucket names are globally unique, and have at most 63 characters.
  long_bucket_names = {
    for bucket in local.bucket_keys :
    bucket => replace("${local.prefix}${bucket}-${var.account}-${var.region}", "_", "-") if !startswith(bucket, "arn:")
  }
  bucket_names = {
    for bucket, name in local.long_bucket_names :
    bucket => length(name) <= 63 ? name : "${substr(name, 0, 54)}-${substr(sha256(name), 0, 8)}"
  }
}
