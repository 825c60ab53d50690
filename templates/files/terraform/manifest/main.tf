# Everything that is decided about the app, from its manifest alone: no provider and no resource, so that it can be
# tested without AWS. Names are here; the other decisions are in environment.tf, policies.tf,
# triggers.tf and refusals.tf.

locals {
  manifest = jsondecode(file(var.path))
  folder   = dirname(var.path)
  app      = local.manifest.app
  prefix   = "${local.app}-${var.stage}-"

  # The endpoint is a function like the workers; `endpoint` is what it goes by where they have their names.
  described = merge(
    { for name, worker in local.manifest.workers : name => worker },
    { for endpoint in [local.manifest.endpoint] : "endpoint" => endpoint if endpoint != null },
  )

  function_names = { for name, function in local.described : name => "${local.prefix}${name}" }

  # From the names, not from the functions: two workers that call each other are no cycle.
  arns = {
    for name, function_name in local.function_names :
    name => "arn:${var.partition}:lambda:${var.region}:${var.account}:function:${function_name}"
  }

  # Functions are the region's, roles are the account's: the same stage in two regions needs two names for a role,
  # and such a name has at most 64 characters.
  long_role_names = { for name, function_name in local.function_names : name => "${function_name}-${var.region}" }
  role_names = {
    for name, role in local.long_role_names :
    name => length(role) <= 64 ? role : "${substr(role, 0, 55)}-${substr(sha256(role), 0, 8)}"
  }

  callees = { for name, function in local.described : name => sort(distinct(function.invokes)) }
}
