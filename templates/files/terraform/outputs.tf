output "url" {
  description = "Where the endpoint listens; null for an app without endpoint."
  value       = one([for name, function in module.function : function.url if name == "endpoint"])
}

output "functions" {
  description = "The ARN of each function: of the workers by their names, and of `endpoint`."
  value       = { for name, function in module.function : name => function.arn }
}
