output "arn" {
  description = "The ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "url" {
  description = "Where it listens; null for a worker."
  value       = one(aws_lambda_function_url.this[*].function_url)
}

output "role" {
  description = "The name of its role, to give it rights of your own."
  value       = aws_iam_role.this.name
}
