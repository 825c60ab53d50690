# What each function may do on AWS, and nothing else: write its own log, call its callees, hand events on, and take the
# messages of its queues.

locals {
  # An action for each kind of destination that may be named.
  destination_actions = {
    events = "events:PutEvents"
    lambda = "lambda:InvokeFunction"
    sns    = "sns:Publish"
    sqs    = "sqs:SendMessage"
  }

  # The statements that let events be handed on, by the settings that name the destinations.
  destination_statements = {
    dead_letter = "HandOnDeadEvents"
    on_failure  = "HandOnFailedEvents"
    on_success  = "HandOnResults"
  }

  # A worker of the app stands for its function.
  destinations = {
    for name, function in local.described : name => {
      for key in ["on_failure", "on_success", "dead_letter"] :
      key => try(local.arns[function[key]], function[key], null)
    }
  }

  # Where events go, in the order of the statements, and whose statement it is. `arn:aws:sqs:…` is of the service `sqs`.
  handed_on = {
    for name, destinations in local.destinations : name => [
      for key, sid in local.destination_statements : {
        sid    = sid
        arn    = destinations[key]
        action = lookup(local.destination_actions, try(element(split(":", destinations[key]), 2), ""), "")
      } if destinations[key] != null
    ]
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
      [for end in local.handed_on[name] : {
        Sid      = end.sid
        Effect   = "Allow"
        Action   = end.action
        Resource = end.arn
      } if end.action != ""],
      [for queues in [local.taken[name]] : {
        Sid      = "TakeMessages"
        Effect   = "Allow"
        Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = queues
      } if length(queues) > 0],
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
