# The endpoint and the workers of the app, from the manifest that `cargo bedrock build` writes. Adding, changing or
# deleting a worker changes the manifest, but no file in this folder. lambda/ and lambda-layer/ have the resources of
# each function; manifest/ computes their names, policies and settings.
#
# `cargo bedrock terraform upgrade` updates this folder and keeps your changes.

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
  upload_bucket = var.upload_bucket
  secret_bytes  = local.secret_bytes
}

module "layer" {
  source   = "./lambda-layer"
  for_each = { for name, function in module.manifest.functions : name => function if function.layer != null }

  name         = each.value.layer.name
  file         = each.value.layer.file
  bucket       = each.value.layer.bucket
  hash         = each.value.layer.sha256_base64
  runtime      = each.value.runtime
  architecture = each.value.architecture
}

module "function" {
  source   = "./lambda"
  for_each = module.manifest.functions

  function    = each.value
  environment = merge(each.value.environment, { for key, id in module.manifest.secrets[each.key] : key => local.secrets[id] })
  # If two layers contain the same file, the later layer wins. Therefore the worker's own dependencies come last.
  layers               = concat(each.value.layers, [for name, layer in module.layer : layer.arn if name == each.key])
  permissions_boundary = var.permissions_boundary
  role_path            = var.role_path
}
