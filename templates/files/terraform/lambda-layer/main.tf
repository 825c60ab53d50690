# The dependencies of one worker, as a version of a Lambda layer. A version is never changed: another zip makes another
# version, and the old one stays for the versions of functions that use it.

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
