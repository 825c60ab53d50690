# The event source mappings of streams to functions. The tables and Kinesis streams of the app are in resources.tf.

resource "aws_lambda_event_source_mapping" "stream" {
  for_each = module.manifest.stream_mappings

  event_source_arn                   = each.value.table != null ? aws_dynamodb_table.this[each.value.table].stream_arn : each.value.stream != null ? aws_kinesis_stream.this[each.value.stream].arn : each.value.arn
  function_name                      = module.function[each.value.worker].live_arn
  starting_position                  = each.value.starting_position
  starting_position_timestamp        = each.value.starting_position_timestamp
  batch_size                         = each.value.batch_size
  maximum_batching_window_in_seconds = each.value.batch_window
  parallelization_factor             = each.value.parallelization_factor
  maximum_retry_attempts             = each.value.maximum_retry_attempts
  maximum_record_age_in_seconds      = each.value.maximum_record_age
  bisect_batch_on_function_error     = each.value.bisect_batch_on_function_error
  tumbling_window_in_seconds         = each.value.tumbling_window
  function_response_types            = each.value.partial_failures ? ["ReportBatchItemFailures"] : []

  dynamic "destination_config" {
    for_each = each.value.on_failure == null ? [] : [each.value.on_failure]

    content {
      on_failure {
        destination_arn = destination_config.value
      }
    }
  }

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

  # Where reading began counts only for a new mapping.
  lifecycle {
    ignore_changes = [starting_position, starting_position_timestamp]
  }
}
