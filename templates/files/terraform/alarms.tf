# CloudWatch alarms of functions, if the settings have `alarms`. The topics of the app are in resources.tf.

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = module.manifest.alarms

  alarm_name          = each.key
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.evaluation_periods
  datapoints_to_alarm = each.value.datapoints_to_alarm
  alarm_actions       = each.value.notify == null ? [] : [try(aws_sns_topic.this[each.value.notify].arn, each.value.notify)]

  # A function without invocations and a queue without messages have no data points.
  treat_missing_data = "notBreaching"
}
