# Settings of Lambda without a default value, and the statements that they need. The key `lambda` of a function has only
# those that the settings have.

locals {
  lambda_settings = {
    for name, function in local.described : name => {
      code_signing            = try(function.lambda.code_signing, null)
      description             = try(function.lambda.description, null)
      ephemeral_storage       = try(function.lambda.ephemeral_storage, null)
      file_system             = try(function.lambda.file_system, null)
      kms_key                 = try(function.lambda.kms_key, null)
      logging                 = try(function.lambda.logging, null)
      provisioned_concurrency = try(function.lambda.provisioned_concurrency, null)
      runtime_management      = try(function.lambda.runtime_management, null)
      snap_start              = try(function.lambda.snap_start, false)
      tags                    = try(function.lambda.tags, {})
      tracing                 = try(function.lambda.tracing, null)
      vpc                     = try(function.lambda.vpc, null)
    }
  }

  # Durable workers only.
  durable_configs = { for name, function in local.described : name => try(function.durable, null) }

  # Members of Lambda's API have no attribute here: only the provider's documentation knows which one.
  unknown_members = flatten([
    for name, function in local.described : [
      for member, value in try(function.lambda.members, {}) :
      "`${member}` of ${local.display_names[name]} as `${lower(replace(member, "/([a-z0-9])([A-Z])/", "$${1}_$2"))}`"
    ]
  ])

  # Lambda connects functions to a VPC with these actions. EC2 and X-Ray have no resource but `*` for the others.
  interface_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
  ]

  trace_statements = {
    for name, settings in local.lambda_settings : name => settings.tracing != "Active" ? [] : [{
      Sid      = "SendTraces"
      Effect   = "Allow"
      Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = "*"
    }]
  }

  file_system_statements = {
    for name, settings in local.lambda_settings : name => [for system in [settings.file_system] : {
      Sid       = "MountFileSystem"
      Effect    = "Allow"
      Action    = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
      Resource  = "arn:${var.partition}:elasticfilesystem:${var.region}:${var.account}:file-system/*"
      Condition = { StringEquals = { "elasticfilesystem:AccessPointArn" = system.arn } }
    } if system != null]
  }

  vpc_statements = {
    for name, settings in local.lambda_settings : name => settings.vpc == null ? [] : [
      {
        Sid      = "JoinVpc"
        Effect   = "Allow"
        Action   = local.interface_actions
        Resource = "arn:${var.partition}:ec2:${var.region}:${var.account}:*/*"
      },
      {
        Sid      = "ListVpc"
        Effect   = "Allow"
        Action   = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
        Resource = "*"
      },
    ]
  }

  # Only Lambda itself needs these rights, the code of the function does not.
  vpc_denials = {
    for name, settings in local.lambda_settings : name => [for vpc in [settings.vpc] : {
      Sid       = "KeepCodeOutOfVpc"
      Effect    = "Deny"
      Action    = local.interface_actions
      Resource  = "*"
      Condition = { ArnEquals = { "lambda:SourceFunctionArn" = local.arns[name] } }
    } if vpc != null]
  }

  lambda_statements = {
    for name in keys(local.described) : name => concat(
      local.trace_statements[name], local.file_system_statements[name], local.vpc_statements[name],
      local.vpc_denials[name],
    )
  }
}
