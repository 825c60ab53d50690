# CloudWatch alarms for the errors, the throttles and the dead letters of functions. A function without alarms has no key
# `alarms`.

locals {
  alarm_settings = { for name, function in local.described : name => function.alarms if try(function.alarms, null) != null }

  # Alarms read the metrics of their own account and region.
  alarm_queue_prefix = "arn:${var.partition}:sqs:${var.region}:${var.account}:"
  alarm_destinations = {
    for name, settings in local.alarm_settings : name => concat(
      [for arn in [local.destinations[name].on_failure, local.destinations[name].dead_letter] : arn if arn != null],
      local.read_streams[name].destinations,
    )
  }
  dead_letter_queues = {
    for name, settings in local.alarm_settings : name => settings.dead_letters == null ? toset([]) : toset(concat(
      [
        for queue, mapping in local.mappings :
        endswith(queue, ".fifo") ? "${local.prefix}${trimsuffix(queue, ".fifo")}-dead.fifo" : "${local.prefix}${queue}-dead"
        if mapping.worker == name && !startswith(queue, "arn:")
      ],
      [for arn in local.alarm_destinations[name] : split(":", arn)[5] if startswith(arn, local.alarm_queue_prefix)],
    ))
  }

  function_alarms = merge([
    for name, settings in local.alarm_settings : {
      for kind, metric in { errors = "Errors", throttles = "Throttles" } : "${local.function_names[name]}-${kind}" => {
        namespace                  = "AWS/Lambda"
        metric                     = metric
        dimensions                 = { FunctionName = local.function_names[name] }
        # The number of errors and throttles in a period.
        statistic = "Sum"
        threshold = settings[kind]
        worker    = name
      } if settings[kind] != null
    }
  ]...)
  queue_alarms = merge([
    for name, settings in local.alarm_settings : {
      for queue in local.dead_letter_queues[name] : "${local.function_names[name]}-dead-letters-${queue}" => {
        namespace  = "AWS/SQS"
        metric     = "ApproximateNumberOfMessagesVisible"
        dimensions = { QueueName = queue }
        # The number of waiting messages is a level, of which a sum says nothing.
        statistic = "Maximum"
        threshold = settings.dead_letters
        worker    = name
      }
    }
  ]...)

  # Topics of the app that alarms notify.
  alarm_topics = distinct([
    for settings in values(local.alarm_settings) : settings.notify
    if settings.notify == null ? false : !startswith(settings.notify, "arn:")
  ])
}
