# The buckets of the app, and the notifications that invoke functions. A bucket has only one notification configuration:
# this one replaces any earlier configuration.

resource "aws_s3_bucket" "this" {
  for_each = { for key, bucket in module.manifest.buckets : key => bucket if bucket.own }

  bucket = each.value.name
}

resource "aws_lambda_permission" "bucket" {
  for_each = merge([
    for key, bucket in module.manifest.buckets : {
      for worker in distinct(bucket.notices[*].worker) : "${worker}/${key}" => { worker = worker, bucket = bucket }
    }
  ]...)

  statement_id   = "bedrock-bucket-live-${substr(sha256(each.value.bucket.name), 0, 16)}"
  function_name  = module.function[each.value.worker].arn
  qualifier      = module.function[each.value.worker].alias
  action         = "lambda:InvokeFunction"
  principal      = "s3.amazonaws.com"
  source_arn     = each.value.bucket.arn
  source_account = data.aws_caller_identity.current.account_id

  # The bucket must be allowed to invoke the function at any time.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_s3_bucket_notification" "this" {
  for_each = { for key, bucket in module.manifest.buckets : key => bucket if length(bucket.notices) > 0 }

  bucket = try(aws_s3_bucket.this[each.key].id, each.value.name)

  dynamic "lambda_function" {
    for_each = each.value.notices

    content {
      lambda_function_arn = module.function[lambda_function.value.worker].live_arn
      events              = lambda_function.value.events
      # S3 compares these with the encoded key, for example `a+b` for `a b`.
      filter_prefix = lambda_function.value.prefix == "" ? null : replace(urlencode(lambda_function.value.prefix), "%2F", "/")
      filter_suffix = lambda_function.value.suffix == "" ? null : replace(urlencode(lambda_function.value.suffix), "%2F", "/")
    }
  }

  # S3 checks the permission when the notification is created.
  depends_on = [aws_lambda_permission.bucket]
}
