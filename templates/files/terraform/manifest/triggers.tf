# The triggers of functions: schedules, queues and buckets. They invoke the aliases of functions, as workers do.

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
