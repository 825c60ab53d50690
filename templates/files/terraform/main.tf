# The endpoint and the workers of the app, from the manifest that `cargo bedrock build` writes: a worker that is added,
# changed or deleted changes the manifest and never a file in this folder. What is made of each function is in lambda/
# and lambda-layer/, what is decided about it in manifest/.
#
# `cargo bedrock terraform upgrade` brings this folder up to date and keeps what you changed in it.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

module "manifest" {
  source = "./manifest"

  path          = var.manifest
  stage         = var.stage
  partition     = data.aws_partition.current.partition
  region        = data.aws_region.current.id
  account       = data.aws_caller_identity.current.account_id
  log_retention = var.log_retention
  url_auth      = var.url_auth
  secret_bytes  = local.secret_bytes
}

module "layer" {
  source   = "./lambda-layer"
  for_each = { for name, function in module.manifest.functions : name => function if function.layer != null }

  name         = each.value.layer.name
  file         = each.value.layer.file
  hash         = each.value.layer.sha256_base64
  runtime      = each.value.runtime
  architecture = each.value.architecture
}

module "function" {
  source   = "./lambda"
  for_each = module.manifest.functions

  function    = each.value
  environment = merge(each.value.environment, { for key, id in module.manifest.secrets[each.key] : key => local.secrets[id] })
  # Of two layers with the same file the later one counts: the worker's own dependencies come last.
  layers               = concat(each.value.layers, [for name, layer in module.layer : layer.arn if name == each.key])
  permissions_boundary = var.permissions_boundary
}
