# The dependencies of one worker, as a version of a Lambda layer. Versions are immutable: a changed zip creates a new
# version, and the old version is kept for the versions of functions that use it.

resource "aws_lambda_layer_version" "this" {
  layer_name               = var.name
  filename                 = var.file
  source_code_hash         = var.hash
  compatible_runtimes      = [var.runtime]
  compatible_architectures = [var.architecture]
  skip_destroy             = true

  lifecycle {
    create_before_destroy = true
  }
}
