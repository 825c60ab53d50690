output "arn" {
  description = "The ARN of the version."
  value       = aws_lambda_layer_version.this.arn
}
