# The role of the function, with the policies from manifest/policies.tf.

resource "aws_iam_role" "this" {
  name                  = var.function.role_name
  path                  = var.role_path
  permissions_boundary  = var.permissions_boundary
  force_detach_policies = true # Also those that were attached by hand, when the role is deleted.

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "own" {
  name   = "own"
  role   = aws_iam_role.this.id
  policy = var.function.own_policy
}

# Managed policies are used only if the role's inline policy would be too large for all callees.
resource "aws_iam_policy" "managed" {
  count = length(var.function.managed_policies)

  name   = "${var.function.role_name}-${count.index}"
  policy = var.function.managed_policies[count.index]
}

resource "aws_iam_role_policy_attachment" "managed" {
  count = length(var.function.managed_policies)

  role       = aws_iam_role.this.name
  policy_arn = aws_iam_policy.managed[count.index].arn
}
