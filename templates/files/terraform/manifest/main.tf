# Computes everything about the app from its manifest, without providers and resources, so that it can be tested without
# AWS. This file has the names; environment.tf, policies.tf, lambda.tf, uses.tf, triggers.tf, alarms.tf and refusals.tf
# have the rest.

locals {
  manifest = jsondecode(file(var.path))
  folder   = dirname(var.path)
  app      = local.manifest.app
  prefix   = "${local.app}-${var.stage}-"

  # The endpoint is a function like the workers. Its key is `endpoint`, where workers have their names.
  of_all_stages = merge(
    { for name, worker in local.manifest.workers : name => worker },
    { for endpoint in [local.manifest.endpoint] : "endpoint" => endpoint if endpoint != null },
  )

  # The settings of the stage replace those of all stages.
  of_this_stage = {
    for name, function in local.of_all_stages :
    name => merge(function, try(local.manifest.stages[var.stage][name], {}))
  }

  # `{stage}` stands for the stage in names, paths and ARNs. Variables and triggers are the user's own text.
  verbatim_keys = ["environment", "triggers"]
  described = {
    for name, function in local.of_this_stage : name => merge(
      jsondecode(replace(
        jsonencode({ for key, value in function : key => value if !contains(local.verbatim_keys, key) }),
        "{stage}", var.stage,
      )),
      { for key, value in function : key => value if contains(local.verbatim_keys, key) },
    )
  }

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
