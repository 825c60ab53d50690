output "url" {
  description = "The URL of the endpoint or of its HTTP API; null for an app without an endpoint."
  value = one(concat(
    [for domain in values(local.http_api_domain) : "https://${domain.name}/"],
    [for key, api in aws_apigatewayv2_api.this : "${api.api_endpoint}/" if !contains(keys(local.http_api_domain), key)],
    [for name, function in module.function : function.url if name == "endpoint" && module.manifest.http_api == null],
  ))
}

output "domain_target" {
  description = "What the domain name of the HTTP API must be a CNAME of; null without a certificate in the settings."
  value       = one([for domain in aws_apigatewayv2_domain_name.this : domain.domain_name_configuration[0].target_domain_name])
}

output "functions" {
  description = "The ARN of each function, by the name of the worker or `endpoint`."
  value       = { for name, function in module.function : name => function.arn }
}
