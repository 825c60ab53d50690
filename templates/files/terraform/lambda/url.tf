# The URL of the endpoint, and the permission to call it.

resource "aws_lambda_function_url" "this" {
  count = var.function.url_auth == null ? 0 : 1

  function_name      = aws_lambda_function.this.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = var.function.url_auth == "iam" ? "AWS_IAM" : "NONE"
  invoke_mode        = var.function.stream ? "RESPONSE_STREAM" : "BUFFERED"

  dynamic "cors" {
    for_each = var.function.cors == null ? [] : [var.function.cors]

    content {
      allow_credentials = cors.value.allow_credentials
      allow_headers     = cors.value.allow_headers
      allow_methods     = cors.value.allow_methods
      allow_origins     = cors.value.allow_origins
      expose_headers    = cors.value.expose_headers
      max_age           = cors.value.max_age
    }
  }
}

# Since October 2025, a public URL needs two permissions: one for the URL, and one for the function when it is invoked
# through the URL. Before provider 6.29, `aws_lambda_permission` cannot express the condition of the second permission,
# and without the condition the function could be invoked directly by everyone. CloudFormation supports the condition
# with any version of the provider.
resource "aws_cloudformation_stack" "public_url" {
  count = var.function.url_auth == "none" ? 1 : 0

  name = "${replace(var.function.function_name, "_", "-")}-url"

  template_body = jsonencode({
    Resources = {
      Url = {
        Type = "AWS::Lambda::Permission"
        Properties = {
          FunctionName        = "${var.function.arn}:${aws_lambda_alias.live.name}"
          Action              = "lambda:InvokeFunctionUrl"
          Principal           = "*"
          FunctionUrlAuthType = "NONE"
        }
      }
      FunctionThroughUrl = {
        Type = "AWS::Lambda::Permission"
        Properties = {
          FunctionName          = "${var.function.arn}:${aws_lambda_alias.live.name}"
          Action                = "lambda:InvokeFunction"
          Principal             = "*"
          InvokedViaFunctionUrl = true
        }
      }
    }
  })

  depends_on = [aws_lambda_function_url.this]
}
