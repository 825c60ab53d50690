# Computes everything about the app from its manifest, without providers and resources, so that it can be tested without
# AWS. This file has the names; environment.tf, policies.tf, triggers.tf and refusals.tf have the rest.

locals {
  manifest = jsondecode(file(var.path))
  folder   = dirname(var.path)
  app      = local.manifest.app
  prefix   = "${local.app}-${var.stage}-"

  # The endpoint is a function like the workers. Its key is `endpoint`, where workers have their names.
  described = merge(
    { for name, worker in local.manifest.workers : name => worker },
    { for endpoint in [local.manifest.endpoint] : "endpoint" => endpoint if endpoint != null },
  )

  function_names = { for name, function in local.described : name => "${local.prefix}${name}" }

  # Computed from the names, not from the resources: otherwise workers that call each other would be a dependency cycle.
  arns = {
    for name, function_name in local.function_names :
    name => "arn:${var.partition}:lambda:${var.region}:${var.account}:function:${function_name}"
  }

  # The aliases that all callers invoke.
  live_arns = { for name, arn in local.arns : name => "${arn}:live" }

  # Functions belong to a region, but roles belong to the account: the same stage in two regions needs different role
  # names. Role names have at most 64 characters.
  long_role_names = { for name, function_name in local.function_names : name => "${function_name}-${var.region}" }
  role_names = {
    for name, role in local.long_role_names :
    name => length(role) <= 64 ? role : "${substr(role, 0, 55)}-${substr(sha256(role), 0, 8)}"
  }

  callees = { for name, function in local.described : name => sort(distinct(function.invokes)) }
}
