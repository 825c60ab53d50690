output "arn" {
  description = "The ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "alias" {
  description = "The name of the alias of the current version, which all callers invoke."
  value       = aws_lambda_alias.live.name
}

output "live_arn" {
  description = "The ARN of the alias."
  value       = aws_lambda_alias.live.arn
}

output "url" {
  description = "The URL of the function; null for a worker."
  value       = one(aws_lambda_function_url.this[*].function_url)
}

output "role" {
  description = "The name of the role, to attach further policies."
  value       = aws_iam_role.this.name
}
