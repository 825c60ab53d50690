# Subscriptions of topics and rules of event buses, which invoke functions. The topics and buses of the app are in
# resources.tf.

resource "aws_lambda_permission" "topic" {
  for_each = module.manifest.subscriptions

  statement_id  = "bedrock-event-live-${substr(sha256(each.value.arn), 0, 16)}"
  function_name = module.function[each.value.worker].arn
  qualifier     = module.function[each.value.worker].alias
  action        = "lambda:InvokeFunction"
  principal     = "sns.amazonaws.com"
  source_arn    = each.value.arn

  # The topic must be allowed to invoke the function at any time.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sns_topic_subscription" "this" {
  for_each = module.manifest.subscriptions

  topic_arn           = try(aws_sns_topic.this[each.value.topic].arn, each.value.arn)
  protocol            = "lambda"
  endpoint            = module.function[each.value.worker].live_arn
  filter_policy       = each.value.filter
  filter_policy_scope = each.value.filter == null ? null : each.value.scope

  depends_on = [aws_lambda_permission.topic]
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = module.manifest.rules

  name           = each.value.name
  event_bus_name = try(aws_cloudwatch_event_bus.this[each.value.key].name, each.value.bus)
  event_pattern  = each.value.pattern
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = module.manifest.rules

  rule           = aws_cloudwatch_event_rule.this[each.key].name
  event_bus_name = aws_cloudwatch_event_rule.this[each.key].event_bus_name
  target_id      = "worker"
  arn            = module.function[each.value.worker].live_arn

  depends_on = [aws_lambda_permission.rule]
}

resource "aws_lambda_permission" "rule" {
  for_each = module.manifest.rules

  statement_id  = "bedrock-event-live-${substr(sha256(each.value.arn), 0, 16)}"
  function_name = module.function[each.value.worker].arn
  qualifier     = module.function[each.value.worker].alias
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = each.value.arn

  # The rule must be allowed to invoke the function at any time.
  lifecycle {
    create_before_destroy = true
  }
}
