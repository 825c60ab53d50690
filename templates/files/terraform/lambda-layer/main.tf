# The dependencies of one worker, as a version of a Lambda layer. Versions are immutable: a changed zip creates a new
# version, and the old version is kept for the versions of functions that use it.

# A request takes a zip of 50,000,000 bytes. Lambda copies the object when the version is published.
resource "aws_s3_object" "zip" {
  count = var.bucket == null ? 0 : 1

  bucket      = var.bucket
  key         = "${var.name}/layer.zip"
  source      = var.file
  source_hash = var.hash
}

# Regions without arm64 refuse layers that name an architecture.
resource "aws_lambda_layer_version" "this" {
  layer_name               = var.name
  filename                 = var.bucket == null ? var.file : null
  s3_bucket                = one(aws_s3_object.zip[*].bucket)
  s3_key                   = one(aws_s3_object.zip[*].key)
  source_code_hash         = var.hash
  compatible_runtimes      = [var.runtime]
  compatible_architectures = var.architecture == "x86_64" ? null : [var.architecture]
  skip_destroy             = true

  lifecycle {
    create_before_destroy = true
  }
}
