# One function.
resource "aws_lambda_function" "this" {
  function_name = var.name
  role          = aws_iam_role.this.arn
  runtime       = "python3.9"
  handler       = "main.handler"
  filename      = "../build/${var.name}.zip"
}
