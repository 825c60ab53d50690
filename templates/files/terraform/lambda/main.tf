# One Lambda function, with its log group and its role. The names, policies and sizes were decided in manifest/.

# Lambda would make it on the first invocation, and keep what is in it for ever.
resource "aws_cloudwatch_log_group" "this" {
  name              = var.function.log_group
  retention_in_days = var.function.log_retention
}

resource "aws_lambda_function" "this" {
  function_name                  = var.function.function_name
  role                           = aws_iam_role.this.arn
  runtime                        = var.function.runtime
  handler                        = var.function.handler
  architectures                  = [var.function.architecture]
  memory_size                    = var.function.memory
  timeout                        = var.function.timeout
  reserved_concurrent_executions = var.function.concurrency
  layers                         = var.layers
  filename                       = var.function.code.file
  source_code_hash               = var.function.code.sha256_base64
  publish                        = true

  dynamic "environment" {
    for_each = length(var.environment) > 0 ? [var.environment] : []

    content {
      variables = environment.value
    }
  }

  dynamic "dead_letter_config" {
    for_each = var.function.dead_letter == null ? [] : [var.function.dead_letter]

    content {
      target_arn = dead_letter_config.value
    }
  }

  # The first invocation finds its log group and has its rights.
  depends_on = [
    aws_cloudwatch_log_group.this,
    aws_iam_role_policy.own,
    aws_iam_role_policy_attachment.managed,
  ]
}

# The version that is in use. Workers call each other's functions by their plain names; the endpoint's URL is the
# alias's, so that new code and its new settings arrive together.
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

# Two retries within six hours, and nobody told of the end, is what Lambda does by itself.
resource "aws_lambda_function_event_invoke_config" "this" {
  count = local.events_are_usual ? 0 : 1

  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = var.function.retries
  maximum_event_age_in_seconds = var.function.event_age

  dynamic "destination_config" {
    for_each = local.events_end_somewhere ? [var.function] : []

    content {
      dynamic "on_failure" {
        for_each = destination_config.value.on_failure == null ? [] : [destination_config.value.on_failure]

        content {
          destination = on_failure.value
        }
      }

      dynamic "on_success" {
        for_each = destination_config.value.on_success == null ? [] : [destination_config.value.on_success]

        content {
          destination = on_success.value
        }
      }
    }
  }
}

locals {
  events_end_somewhere = var.function.on_failure != null || var.function.on_success != null
  events_are_usual     = var.function.retries == 2 && var.function.event_age == 21600 && !local.events_end_somewhere
}

# Lambda ends loops of functions that call each other, unless it is told not to.
resource "aws_lambda_function_recursion_config" "this" {
  count = var.function.recursion == "allow" ? 1 : 0

  function_name  = aws_lambda_function.this.function_name
  recursive_loop = "Allow"
}
