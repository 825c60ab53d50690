# What each function may do on AWS, and nothing else: write its own log, call its callees, and hand failed events on.

locals {
  # An action for each kind of destination that `on_failure` may name.
  destination_actions = {
    events = "events:PutEvents"
    lambda = "lambda:InvokeFunction"
    sns    = "sns:Publish"
    sqs    = "sqs:SendMessage"
  }

  # `arn:aws:sqs:…` is of the service `sqs`; empty where there is no destination.
  destination_services = {
    for name, function in local.described :
    name => try(element(split(":", function.on_failure), 2), "")
  }

  log_groups = { for name, function_name in local.function_names : name => "/aws/lambda/${function_name}" }

  statements = {
    for name, function in local.described :
    name => concat(
      [{
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:${var.partition}:logs:${var.region}:${var.account}:log-group:${local.log_groups[name]}:*"
      }],
      [for action in [lookup(local.destination_actions, local.destination_services[name], "")] : {
        Sid      = "HandOnFailedEvents"
        Effect   = "Allow"
        Action   = action
        Resource = function.on_failure
      } if action != ""],
    )
  }

  # A version or an alias of a function is another resource than the function itself.
  call_statements = {
    for name, callees in local.callees :
    name => [for part in chunklist(callees, local.callees_in_a_policy) : {
      Sid    = "Call"
      Effect = "Allow"
      Action = "lambda:InvokeFunction"
      Resource = flatten([
        for callee in part : [local.arns[callee], "${local.arns[callee]}:*"] if contains(keys(local.arns), callee)
      ])
    }]
  }

  # A role's own policies have 10,240 characters together, a managed policy has 6,144. A callee takes 264 characters
  # at most, so that a few dozen fit into the role's own policy and 20 into each managed one.
  own_policy_limit    = 10240
  callees_in_a_policy = 20

  whole_policies = {
    for name, statements in local.statements :
    name => jsonencode({
      Version = "2012-10-17"
      Statement = concat(statements, [
        for calls in [flatten(local.call_statements[name][*].Resource)] : {
          Sid      = "Call"
          Effect   = "Allow"
          Action   = "lambda:InvokeFunction"
          Resource = calls
        } if length(calls) > 0
      ])
    })
  }

  policies = {
    for name, whole in local.whole_policies :
    name => length(whole) <= local.own_policy_limit ? {
      own     = whole
      managed = []
      } : {
      own     = jsonencode({ Version = "2012-10-17", Statement = local.statements[name] })
      managed = [for calls in local.call_statements[name] : jsonencode({ Version = "2012-10-17", Statement = [calls] })]
    }
  }
}
