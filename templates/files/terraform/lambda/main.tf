# A Lambda function, with its log group and its role. Names, policies and sizes are computed in manifest/.

# Without this, Lambda creates the log group at the first invocation and keeps the logs forever.
resource "aws_cloudwatch_log_group" "this" {
  name              = var.function.log_group
  retention_in_days = var.function.log_retention
}

# A request takes a zip of 50,000,000 bytes. Lambda copies the object when the function gets the code.
resource "aws_s3_object" "code" {
  count = var.function.code.bucket == null ? 0 : 1

  bucket      = var.function.code.bucket
  key         = "${var.function.function_name}/code.zip"
  source      = var.function.code.file
  source_hash = var.function.code.sha256_base64
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
  filename                       = var.function.code.bucket == null ? var.function.code.file : null
  s3_bucket                      = one(aws_s3_object.code[*].bucket)
  s3_key                         = one(aws_s3_object.code[*].key)
  source_code_hash               = var.function.code.sha256_base64
  publish                        = true
  description                    = var.function.lambda.description
  kms_key_arn                    = var.function.lambda.kms_key
  code_signing_config_arn        = var.function.lambda.code_signing
  tags                           = length(var.function.lambda.tags) > 0 ? var.function.lambda.tags : null

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

  dynamic "ephemeral_storage" {
    for_each = var.function.lambda.ephemeral_storage[*]

    content {
      size = ephemeral_storage.value
    }
  }

  dynamic "file_system_config" {
    for_each = var.function.lambda.file_system[*]

    content {
      arn              = file_system_config.value.arn
      local_mount_path = file_system_config.value.path
    }
  }

  dynamic "logging_config" {
    for_each = var.function.lambda.logging[*]

    content {
      log_format            = logging_config.value.format
      application_log_level = logging_config.value.level
      system_log_level      = logging_config.value.system_level
      log_group             = logging_config.value.group
    }
  }

  dynamic "snap_start" {
    for_each = var.function.lambda.snap_start ? ["PublishedVersions"] : []

    content {
      apply_on = snap_start.value
    }
  }

  dynamic "tracing_config" {
    for_each = var.function.lambda.tracing[*]

    content {
      mode = tracing_config.value
    }
  }

  dynamic "vpc_config" {
    for_each = var.function.lambda.vpc[*]

    content {
      subnet_ids                  = vpc_config.value.subnets
      security_group_ids          = vpc_config.value.security_groups
      ipv6_allowed_for_dual_stack = vpc_config.value.ipv6
    }
  }

  # The log group and the permissions must exist before the first invocation.
  depends_on = [
    aws_cloudwatch_log_group.this,
    aws_iam_role_policy.own,
    aws_iam_role_policy_attachment.managed,
  ]
}

# The alias of the current version. Workers, triggers and the endpoint's URL invoke it, so that new code and its new settings
# take effect together.
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

resource "aws_lambda_provisioned_concurrency_config" "live" {
  count = var.function.lambda.provisioned_concurrency == null ? 0 : 1

  function_name                     = aws_lambda_function.this.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = var.function.lambda.provisioned_concurrency
}

# A version takes it from the unpublished version when it is published, so the first one needs it too.
resource "aws_lambda_runtime_management_config" "latest" {
  count = var.function.lambda.runtime_management == null ? 0 : 1

  function_name       = aws_lambda_function.this.function_name
  update_runtime_on   = var.function.lambda.runtime_management.mode
  runtime_version_arn = var.function.lambda.runtime_management.version
}

resource "aws_lambda_runtime_management_config" "live" {
  count = var.function.lambda.runtime_management == null ? 0 : 1

  function_name       = aws_lambda_function.this.function_name
  qualifier           = aws_lambda_function.this.version
  update_runtime_on   = var.function.lambda.runtime_management.mode
  runtime_version_arn = var.function.lambda.runtime_management.version
}

# Lambda's defaults are two retries within six hours, and no destinations. The settings belong to the alias.
resource "aws_lambda_function_event_invoke_config" "this" {
  count = local.has_default_invoke_config ? 0 : 1

  function_name                = aws_lambda_function.this.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_retry_attempts       = var.function.retries
  maximum_event_age_in_seconds = var.function.event_age

  dynamic "destination_config" {
    for_each = local.has_destination ? [var.function] : []

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

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  has_destination           = var.function.on_failure != null || var.function.on_success != null
  has_default_invoke_config = var.function.retries == 2 && var.function.event_age == 21600 && !local.has_destination
}

# By default, Lambda stops recursive loops of functions that call each other.
resource "aws_lambda_function_recursion_config" "this" {
  count = var.function.recursion == "allow" ? 1 : 0

  function_name  = aws_lambda_function.this.function_name
  recursive_loop = "Allow"
}
