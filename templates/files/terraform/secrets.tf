# Secrets are read when the app is deployed and become variables of the functions, so that functions need no right to
# read them. Their values are in the state: encrypt it, and let few people read it.

locals {
  secret_ids = toset(flatten([for name, secrets in module.manifest.secrets : values(secrets)]))
  secrets = merge(
    { for id, parameter in data.aws_ssm_parameter.secret : id => parameter.value },
    { for id, version in data.aws_secretsmanager_secret_version.secret : id => version.secret_string },
  )

  # Sizes are no secrets, and Lambda has a limit for them. `length` counts characters, so bytes are counted in base64:
  # four characters for three of them.
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
