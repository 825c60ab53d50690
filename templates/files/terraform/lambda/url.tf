# The URL of the endpoint, and who may call it.

resource "aws_lambda_function_url" "this" {
  count = var.function.url_auth == null ? 0 : 1

  function_name      = aws_lambda_function.this.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = var.function.url_auth == "iam" ? "AWS_IAM" : "NONE"
}

# A URL for everybody takes two statements since October 2025: for the URL, and for the function when it is called
# through a URL. The second cannot be written as `aws_lambda_permission` before provider 6.29, and without its condition
# everybody could call the function past the URL. CloudFormation knows the condition whatever the provider's version.
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
