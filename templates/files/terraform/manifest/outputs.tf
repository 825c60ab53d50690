output "app" {
  description = "The app's name."
  value       = local.app
}

output "tags" {
  description = "Tags that say whose a resource is. `cargo bedrock deploy` leaves alone what Terraform owns."
  value = {
    "bedrock:app"   = local.app
    "bedrock:stage" = var.stage
    "bedrock:owner" = "terraform"
  }
}

output "secrets" {
  description = "For each function, what its secret variables are found by: `ssm:NAME` or `secretsmanager:NAME`."
  value       = local.secrets
}

output "functions" {
  description = "The endpoint and the workers, each with all that its function needs."
  value = {
    for name, function in local.described : name => {
      function_name    = local.function_names[name]
      arn              = local.arns[name]
      role_name        = local.role_names[name]
      log_group        = local.log_groups[name]
      log_retention    = local.log_retentions[name]
      own_policy       = local.policies[name].own
      managed_policies = local.policies[name].managed
      runtime          = function.runtime
      handler          = function.handler
      architecture     = function.architecture
      memory           = function.memory
      timeout          = function.timeout
      concurrency      = function.concurrency
      environment      = local.environments[name]
      retries          = function.retries
      event_age        = function.event_age
      on_failure       = function.on_failure
      recursion        = function.recursion
      layers           = function.layers
      code             = try({ file = local.files[name], sha256_base64 = function.code.sha256_base64 }, null)
      layer = try({
        name          = "${local.prefix}${function.layer.name}"
        file          = local.files["${name}/layer"]
        sha256_base64 = function.layer.sha256_base64
      }, null)
      # Workers have no URL.
      url_auth = name != "endpoint" ? null : var.url_auth != null ? var.url_auth : function.url_auth
    }
  }

  precondition {
    condition     = !contains(keys(local.manifest.workers), "endpoint")
    error_message = "a worker cannot be called `endpoint`: rename its folder"
  }

  precondition {
    condition     = length(local.not_built) == 0
    error_message = "not built yet: ${join(", ", local.not_built)}: run `cargo bedrock build --release`"
  }

  precondition {
    condition     = length(local.missing) == 0
    error_message = "the manifest names files that are not there: ${join(", ", local.missing)}: run `cargo bedrock build --release`"
  }

  precondition {
    condition     = length(local.stale) == 0
    error_message = "files have changed since the manifest was written: ${join(", ", local.stale)}: run `cargo bedrock build --release`"
  }

  precondition {
    condition     = length(local.too_long) == 0
    error_message = "names of functions have at most ${local.name_limit} characters: ${join(", ", local.too_long)}: shorten the stage, or rename the worker"
  }

  precondition {
    condition     = length(local.unknown_callees) == 0
    error_message = "no such worker: ${join(", ", local.unknown_callees)}: run `cargo bedrock build --release`"
  }

  precondition {
    condition     = length(local.too_much_environment) == 0
    error_message = "variables and secrets of a function have at most ${local.environment_limit} bytes as JSON: ${join(", ", local.too_much_environment)}"
  }

  precondition {
    condition     = length(local.too_many_layers) == 0
    error_message = "a function has at most ${local.layer_limit} layers: ${join(", ", local.too_many_layers)}"
  }

  precondition {
    condition     = length(local.odd_destinations) == 0
    error_message = "failed events go to a queue, a topic, a function or an event bus: ${join(", ", local.odd_destinations)}"
  }

  precondition {
    condition     = length(local.odd_retentions) == 0
    error_message = "logs are kept for ${join(", ", local.retentions)} days: ${join(", ", local.odd_retentions)}"
  }
}
