# The policy of each function. It may only write its own log, call its callees, send events to its destinations, receive
# the messages of its queues, read its streams, and do what its settings need or say.

locals {
  # The required action for each supported kind of destination.
  destination_actions = {
    events = "events:PutEvents"
    lambda = "lambda:InvokeFunction"
    s3     = "s3:PutObject"
    sns    = "sns:Publish"
    sqs    = "sqs:SendMessage"
  }

  # The statement for each setting that names a destination.
  destination_statements = {
    dead_letter = "HandOnDeadEvents"
    on_failure  = "HandOnFailedEvents"
    on_success  = "HandOnResults"
  }

  # The name of a worker is replaced by the ARN of the alias of its function.
  destinations = {
    for name, function in local.described : name => {
      for key in ["on_failure", "on_success", "dead_letter"] :
      key => try(local.live_arns[function[key]], function[key], null)
    }
  }

  # The destinations in the order of the statements. The action depends on the service in the ARN: `arn:aws:sqs:…`.
  event_destinations = {
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
        Resource = "arn:${var.partition}:logs:${var.region}:${var.account}:log-group:${coalesce(try(function.lambda.logging.group, null), local.log_groups[name])}:*"
      }],
      [for destination in local.event_destinations[name] : {
        Sid      = destination.sid
        Effect   = "Allow"
        Action   = destination.action
        Resource = destination.arn
      } if !contains(["", "s3:PutObject"], destination.action)],
      # Records are objects of a bucket.
      [for destination in local.event_destinations[name] : {
        Sid      = destination.sid
        Effect   = "Allow"
        Action   = ["s3:ListBucket", "s3:PutObject"]
        Resource = [destination.arn, "${destination.arn}/*"]
      } if destination.action == "s3:PutObject"],
      [for queues in [local.consumed_queues[name]] : {
        Sid      = "TakeMessages"
        Effect   = "Allow"
        Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = queues
      } if length(queues) > 0],
      [for arns in [local.read_streams[name].dynamodb] : {
        Sid      = "ReadChanges"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
        Resource = arns
      } if length(arns) > 0],
      [for arns in [local.read_streams[name].kinesis] : {
        Sid      = "ReadRecords"
        Effect   = "Allow"
        Action   = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
        Resource = arns
      } if length(arns) > 0],
      [for index, arn in local.read_streams[name].destinations : {
        Sid      = "HandOnFailedBatches${index + 1}"
        Effect   = "Allow"
        Action   = local.destination_actions[split(":", arn)[2]]
        Resource = arn
      } if split(":", arn)[2] != "s3"],
      [for index, arn in local.read_streams[name].destinations : {
        Sid      = "HandOnFailedBatches${index + 1}"
        Effect   = "Allow"
        Action   = ["s3:ListBucket", "s3:PutObject"]
        Resource = [arn, "${arn}/*"]
      } if split(":", arn)[2] == "s3"],
      # AWS checks these rights against executions, whose ARNs begin with that of a version.
      [for durable in [local.durable_configs[name]] : {
        Sid      = "Checkpoint"
        Effect   = "Allow"
        Action   = ["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"]
        Resource = "${local.arns[name]}:*"
      } if durable != null],
      local.lambda_statements[name],
      local.use_statements[name],
    )
  }

  # The versions and aliases of a function are separate resources. Calls go to the alias; versions of an earlier
  # configuration call the unqualified function.
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

  # The inline policies of a role have at most 10,240 characters in total, a managed policy has at most 6,144. A callee
  # needs at most 264 characters, so a few dozen fit into the inline policy, and 20 into each managed policy.
  own_policy_limit    = 10240
  callees_in_a_policy = 20

  full_policies = {
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
    for name, full in local.full_policies :
    name => length(full) <= local.own_policy_limit ? {
      own     = full
      managed = []
      } : {
      own     = jsonencode({ Version = "2012-10-17", Statement = local.statements[name] })
      managed = [for calls in local.call_statements[name] : jsonencode({ Version = "2012-10-17", Statement = [calls] })]
    }
  }
}
