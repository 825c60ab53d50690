output "url" {
  description = "The URL of the endpoint; null for an app without an endpoint."
  value       = one([for name, function in module.function : function.url if name == "endpoint"])
}

output "functions" {
  description = "The ARN of each function, by the name of the worker or `endpoint`."
  value       = { for name, function in module.function : name => function.arn }
}
