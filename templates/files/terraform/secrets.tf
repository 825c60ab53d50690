# Secrets are read at deployment and passed to functions as environment variables, so that functions need no permission
# to read them. The state contains their values: encrypt it, and restrict read access.

locals {
  secret_ids = toset(flatten([for name, secrets in module.manifest.secrets : values(secrets)]))
  secrets = merge(
    { for id, parameter in data.aws_ssm_parameter.secret : id => parameter.value },
    { for id, version in data.aws_secretsmanager_secret_version.secret : id => version.secret_string },
  )

  # Sizes are not secret, and are needed to check Lambda's limit. `length` counts characters; base64 has four characters
  # for three bytes.
  secret_bytes = {
    for id, value in local.secrets :
    id => nonsensitive(sensitive(floor(length(replace(base64encode(jsonencode(value)), "=", "")) * 3 / 4)))
  }
}

data "aws_ssm_parameter" "secret" {
  for_each = toset([for id in local.secret_ids : id if startswith(id, "ssm:")])

  name = trimprefix(each.key, "ssm:")
}

data "aws_secretsmanager_secret_version" "secret" {
  for_each = toset([for id in local.secret_ids : id if startswith(id, "secretsmanager:")])

  secret_id = trimprefix(each.key, "secretsmanager:")
}
