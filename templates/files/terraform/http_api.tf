# The HTTP API of API Gateway in front of the endpoint, if the settings have `http-api`.

locals {
  http_api_cors = try(module.manifest.functions["endpoint"].cors, null)
  http_api_name = module.manifest.http_api == null ? {} : { endpoint = module.manifest.http_api }
  http_api_jwt  = { for key, api in local.http_api_name : key => api.jwt if api.jwt != null }
  http_api_domain = {
    for key, api in local.http_api_name : key => api.domain if api.domain != null
  }
}

resource "aws_apigatewayv2_api" "this" {
  for_each = local.http_api_name

  name          = each.value.name
  protocol_type = "HTTP"

  dynamic "cors_configuration" {
    for_each = local.http_api_cors == null ? [] : [local.http_api_cors]

    content {
      allow_credentials = cors_configuration.value.allow_credentials
      allow_headers     = cors_configuration.value.allow_headers
      allow_methods     = cors_configuration.value.allow_methods
      allow_origins     = cors_configuration.value.allow_origins
      expose_headers    = cors_configuration.value.expose_headers
      max_age           = cors_configuration.value.max_age
    }
  }
}

resource "aws_apigatewayv2_integration" "this" {
  for_each = local.http_api_name

  api_id                 = aws_apigatewayv2_api.this[each.key].id
  integration_type       = "AWS_PROXY"
  integration_uri        = module.function["endpoint"].live_arn
  integration_method     = "POST"
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_authorizer" "this" {
  for_each = local.http_api_jwt

  api_id           = aws_apigatewayv2_api.this[each.key].id
  name             = "jwt"
  authorizer_type  = "JWT"
  identity_sources = [each.value.identity_source]

  jwt_configuration {
    audience = each.value.audience
    issuer   = each.value.issuer
  }
}

resource "aws_apigatewayv2_route" "this" {
  for_each = merge([
    for api in values(local.http_api_name) : { for route in api.routes : route.key => route }
  ]...)

  api_id               = aws_apigatewayv2_api.this["endpoint"].id
  route_key            = each.key
  target               = "integrations/${aws_apigatewayv2_integration.this["endpoint"].id}"
  authorization_type   = { none = "NONE", iam = "AWS_IAM", jwt = "JWT" }[each.value.auth]
  authorization_scopes = length(each.value.scopes) == 0 ? null : each.value.scopes
  authorizer_id        = each.value.auth == "jwt" ? aws_apigatewayv2_authorizer.this["endpoint"].id : null
}

resource "aws_apigatewayv2_stage" "this" {
  for_each = local.http_api_name

  api_id      = aws_apigatewayv2_api.this[each.key].id
  name        = "$default"
  auto_deploy = true

  dynamic "default_route_settings" {
    for_each = each.value.throttling == null ? [] : [each.value.throttling]

    content {
      throttling_burst_limit = default_route_settings.value.burst
      throttling_rate_limit  = default_route_settings.value.rate
    }
  }
}

resource "aws_lambda_permission" "http_api" {
  for_each = local.http_api_name

  statement_id  = "bedrock-http-api-${aws_apigatewayv2_api.this[each.key].id}"
  function_name = module.function["endpoint"].arn
  qualifier     = module.function["endpoint"].alias
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this[each.key].execution_arn}/*/*"
}

# A domain name without a certificate in the settings exists already.
resource "aws_apigatewayv2_domain_name" "this" {
  for_each = { for key, domain in local.http_api_domain : key => domain if domain.certificate != null }

  domain_name = each.value.name

  domain_name_configuration {
    certificate_arn = each.value.certificate
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "this" {
  for_each = local.http_api_domain

  api_id      = aws_apigatewayv2_api.this[each.key].id
  domain_name = try(aws_apigatewayv2_domain_name.this[each.key].id, each.value.name)
  stage       = aws_apigatewayv2_stage.this[each.key].id
}
