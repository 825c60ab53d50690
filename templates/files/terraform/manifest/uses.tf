# What functions use: the statements of their policies, their variables, and the resources that the app creates. The
# manifest has the actions, and ARNs with placeholders for what depends on the deployment.

locals {
  uses      = { for name, function in local.described : name => try([for use in function.uses : use], []) }
  says_uses = { for name, function in local.described : name => can([for use in function.uses : use]) }

  # The name of a bucket of the app is shortened, so only this module knows it.
  used = {
    for name, uses in local.uses : name => [
      for use in uses : merge(use, {
        arn = use.arn == null ? "arn:${var.partition}:s3:::${local.bucket_names[use.name]}" : replace(replace(replace(replace(
          use.arn, "{partition}", var.partition), "{region}", var.region), "{account}", var.account), "{prefix}", local.prefix
        )
        value = use.value == null ? null : replace(replace(replace(replace(
          use.value, "{partition}", var.partition), "{region}", var.region), "{account}", var.account), "{prefix}", local.prefix
        )
      }) if can(use.kind)
    ]
  }

  # A queue has a URL, and a bucket its name.
  use_environments = {
    for name, uses in local.used : name => {
      for use in uses : use.variable => coalesce(use.value, use.kind == "queue" ? format(
        "https://sqs.%s.%s/%s/%s",
        split(":", use.arn)[3], lookup(local.dns_suffixes, split(":", use.arn)[1], "amazonaws.com"), split(":", use.arn)[4], split(":", use.arn)[5],
      ) : element(split(":", use.arn), 5))
    }
  }

  # A function that says what it uses may also read the objects of its triggers.
  use_statements = {
    for name, uses in local.used : name => [
      for index, statement in concat(
        flatten([for use in uses : [for grant in use.grants : {
          Effect   = "Allow"
          Action   = grant.actions
          Resource = [for suffix in grant.suffixes : "${use.arn}${suffix}"]
        }]]),
        [for use in local.uses[name] : merge({ Effect = "Allow" }, use.statement) if can(use.statement)],
        [for trigger in local.triggers[name] : {
          Effect = "Allow"
          Action = ["s3:GetObject"]
          Resource = [
            "${try("arn:${var.partition}:s3:::${local.bucket_names[trigger.bucket]}", trigger.bucket)}/${trigger.prefix}*${trigger.suffix}",
          ]
        } if local.says_uses[name] && try(contains(trigger.events, "created"), false)],
      ) : merge({ Sid = "Use${index + 1}" }, statement)
    ]
  }

  # Resources of the app by their kinds, and their names in the settings.
  used_of_app = {
    for kind in ["table", "bucket", "queue", "topic", "bus", "stream"] :
    kind => toset(concat(
      flatten([for uses in values(local.uses) : [for use in uses : use.name if try(use.kind == kind && use.is_of_app, false)]]),
      kind == "topic" ? concat(local.trigger_topics, local.alarm_topics) : [],
      kind == "bus" ? local.trigger_buses : [],
      kind == "stream" ? local.trigger_streams : [],
    ))
  }

  # One of the functions that use a table says its key.
  table_keys = {
    for table in local.used_of_app["table"] : table => flatten([
      for uses in values(local.uses) : [for use in uses : use.key if try(use.kind == "table" && use.name == table && use.key != null, false)]
    ])[0]
  }
}
