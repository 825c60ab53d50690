# The queues of the app with their dead-letter queues, and the event source mappings to functions.

resource "aws_sqs_queue" "dead" {
  for_each = module.manifest.queues

  name                      = each.value.dead
  fifo_queue                = each.value.fifo
  message_retention_seconds = 1209600 # 14 days, the maximum
}

resource "aws_sqs_queue" "this" {
  for_each = module.manifest.queues

  name                        = each.value.name
  fifo_queue                  = each.value.fifo
  content_based_deduplication = each.value.fifo ? each.value.content_based_deduplication : null
  visibility_timeout_seconds  = each.value.visibility_timeout

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn
    maxReceiveCount     = each.value.max_receives
  })
}

resource "aws_lambda_event_source_mapping" "this" {
  for_each = module.manifest.mappings

  event_source_arn                   = try(aws_sqs_queue.this[each.key].arn, each.value.queue_arn)
  function_name                      = module.function[each.value.worker].live_arn
  batch_size                         = each.value.batch_size
  maximum_batching_window_in_seconds = each.value.batch_window
  function_response_types            = each.value.partial_failures ? ["ReportBatchItemFailures"] : []

  dynamic "filter_criteria" {
    for_each = length(each.value.filters) == 0 ? [] : [each.value.filters]

    content {
      dynamic "filter" {
        for_each = filter_criteria.value

        content {
          pattern = filter.value
        }
      }
    }
  }

  dynamic "scaling_config" {
    for_each = each.value.maximum_concurrency == null ? [] : [each.value.maximum_concurrency]

    content {
      maximum_concurrency = scaling_config.value
    }
  }
}
