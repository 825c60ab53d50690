# Decisions of terraform/manifest/, without a provider. The Rust test that runs this file writes the manifests.

variables {
  stage     = "dev"
  partition = "aws"
  region    = "us-east-1"
  account   = "123456789012"
}

run "one_worker" {
  command = plan

  variables {
    path = "./manifests/one.json"
  }

  assert {
    condition     = output.app == "space"
    error_message = "the app has the name in the manifest"
  }

  assert {
    condition     = output.tags == { "bedrock:app" = "space", "bedrock:stage" = "dev", "bedrock:owner" = "terraform" }
    error_message = "tags name app and stage: ${jsonencode(output.tags)}"
  }

  assert {
    condition     = keys(output.functions) == ["fetcher"]
    error_message = "an app may have no endpoint: ${jsonencode(keys(output.functions))}"
  }

  assert {
    condition = output.functions.fetcher == {
      function_name    = "space-dev-fetcher"
      arn              = "arn:aws:lambda:us-east-1:123456789012:function:space-dev-fetcher"
      role_name        = "space-dev-fetcher-us-east-1"
      log_group        = "/aws/lambda/space-dev-fetcher"
      log_retention    = 30
      own_policy       = output.functions.fetcher.own_policy
      managed_policies = []
      runtime          = "python3.13"
      handler          = "main.handler"
      architecture     = "x86_64"
      memory           = 256
      timeout          = 30
      concurrency      = null
      environment      = {}
      retries          = 2
      event_age        = 21600
      on_failure       = null
      on_success       = null
      dead_letter      = null
      recursion        = "terminate"
      layers           = []
      lambda           = output.functions.fetcher.lambda
      durable          = null
      code = {
        file          = "manifests/workers/fetcher.zip"
        sha256_base64 = output.functions.fetcher.code.sha256_base64
        bucket        = output.functions.fetcher.code.bucket
      }
      layer    = null
      url_auth = null
      cors     = null
      stream   = false
    }
    error_message = "the function has all settings: ${jsonencode(output.functions.fetcher)}"
  }

  assert {
    condition = output.functions.fetcher.own_policy == jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/space-dev-fetcher:*"
      }]
    })
    error_message = "a function without callees may only write its log: ${output.functions.fetcher.own_policy}"
  }
}

run "endpoint_and_two_workers_that_call_each_other" {
  command = plan

  variables {
    path = "./manifests/three.json"
  }

  assert {
    condition = output.functions.fetcher.environment == {
      GREETING                = "hello"
      SPACE_WORKER_ARN_RANKER = "arn:aws:lambda:us-east-1:123456789012:function:space-dev-ranker:live"
    }
    error_message = "the ARN of exactly its callee: ${jsonencode(output.functions.fetcher.environment)}"
  }

  assert {
    condition = output.functions.ranker.environment == {
      SPACE_WORKER_ARN_FETCHER = "arn:aws:lambda:us-east-1:123456789012:function:space-dev-fetcher:live"
    }
    error_message = "the ARN of exactly its callee: ${jsonencode(output.functions.ranker.environment)}"
  }

  assert {
    condition     = keys(output.functions.endpoint.environment) == ["SPACE_WORKER_ARN_FETCHER", "SPACE_WORKER_ARN_RANKER"]
    error_message = "each callee is listed once: ${jsonencode(output.functions.endpoint.environment)}"
  }

  assert {
    condition = jsondecode(output.functions.fetcher.own_policy).Statement == [
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/space-dev-fetcher:*"
      },
      {
        Sid      = "HandOnFailedEvents"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = "arn:aws:sqs:us-east-1:123456789012:failed"
      },
      {
        Sid    = "Call"
        Effect = "Allow"
        Action = "lambda:InvokeFunction"
        Resource = [
          "arn:aws:lambda:us-east-1:123456789012:function:space-dev-ranker",
          "arn:aws:lambda:us-east-1:123456789012:function:space-dev-ranker:*",
        ]
      },
    ]
    error_message = "the function has only its own permissions: ${output.functions.fetcher.own_policy}"
  }

  assert {
    condition     = output.secrets.fetcher == { TOKEN = "ssm:/space/token", KEY = "secretsmanager:key" }
    error_message = "references to secrets: ${jsonencode(output.secrets)}"
  }

  assert {
    condition = output.functions.ranker.layer == {
      name          = "space-dev-ranker"
      file          = "manifests/layers/ranker.zip"
      sha256_base64 = output.functions.ranker.layer.sha256_base64
      bucket        = output.functions.ranker.layer.bucket
    }
    error_message = "its own layer: ${jsonencode(output.functions.ranker.layer)}"
  }

  assert {
    condition     = output.functions.ranker.layer.bucket == null && output.functions.ranker.code.bucket == null
    error_message = "only zips that are too large for a request go through a bucket"
  }

  assert {
    condition     = output.functions.endpoint.url_auth == "none" && output.functions.ranker.url_auth == null
    error_message = "only the endpoint has a URL"
  }
}

run "stage_settings_override_the_manifest" {
  command = plan

  variables {
    path          = "./manifests/three.json"
    log_retention = 7
    url_auth      = "iam"
  }

  assert {
    condition     = alltrue([for function in output.functions : function.log_retention == 7])
    error_message = "the stage sets the log retention"
  }

  assert {
    condition     = output.functions.endpoint.url_auth == "iam" && output.functions.ranker.url_auth == null
    error_message = "the stage sets the access to the URL"
  }
}

run "another_partition_and_region" {
  command = plan

  variables {
    path      = "./manifests/three.json"
    partition = "aws-us-gov"
    region    = "us-gov-west-1"
  }

  assert {
    condition     = output.functions.ranker.arn == "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:space-dev-ranker"
    error_message = output.functions.ranker.arn
  }

  assert {
    condition     = output.functions.ranker.role_name != run.endpoint_and_two_workers_that_call_each_other.functions.ranker.role_name
    error_message = "roles are global in an account, so their names contain the region"
  }
}

run "sixty_workers" {
  command = plan

  variables {
    path = "./manifests/sixty.json"
  }

  assert {
    condition     = length(output.functions) == 61
    error_message = "sixty workers and the endpoint"
  }

  assert {
    condition     = length(output.functions.endpoint.environment) == 0
    error_message = "sixty ARNs exceed the limit, so all are left out"
  }

  assert {
    condition = output.functions.a_worker_with_a_rather_long_name_60.environment == {
      SPACE_WORKER_ARN_A_WORKER_WITH_A_RATHER_LONG_NAME_01 = "${output.functions.a_worker_with_a_rather_long_name_01.arn}:live"
    }
    error_message = "one ARN is within the limit"
  }

  assert {
    condition     = !strcontains(output.functions.endpoint.own_policy, "lambda:InvokeFunction")
    error_message = "the inline policy of the role does not contain sixty callees"
  }

  assert {
    condition = flatten([
      for policy in output.functions.endpoint.managed_policies : jsondecode(policy).Statement[0].Resource
      ]) == flatten([
      for name, function in output.functions : [function.arn, "${function.arn}:*"] if name != "endpoint"
    ])
    error_message = "managed policies contain exactly the callees"
  }

  assert {
    condition     = alltrue([for policy in output.functions.endpoint.managed_policies : length(policy) <= 6144])
    error_message = "a managed policy has at most 6,144 characters"
  }

  assert {
    condition     = alltrue([for function in output.functions : length(function.own_policy) <= 10240])
    error_message = "the inline policies of a role have at most 10,240 characters"
  }

  assert {
    condition = alltrue([for function in output.functions : length(function.role_name) <= 64]) && (
      length(distinct([for function in output.functions : function.role_name])) == 61
    )
    error_message = "each function has its own role, whose name is within the limit"
  }
}

run "environment_at_the_limit" {
  command = plan

  variables {
    path         = "./manifests/full.json"
    secret_bytes = { "ssm:/space/token" = 100 }
  }

  assert {
    condition     = contains(keys(output.functions.fetcher.environment), "SPACE_WORKER_ARN_RANKER")
    error_message = "4,096 bytes are allowed"
  }
}

run "environment_above_the_limit" {
  command = plan

  variables {
    path         = "./manifests/full.json"
    secret_bytes = { "ssm:/space/token" = 101 }
  }

  assert {
    condition     = !contains(keys(output.functions.fetcher.environment), "SPACE_WORKER_ARN_RANKER")
    error_message = "4,097 bytes exceed the limit, so the ARN is left out"
  }

  assert {
    condition     = contains(keys(output.functions.fetcher.environment), "PAD")
    error_message = "variables of the settings are kept"
  }
}

run "each_kind_of_destination" {
  command = plan

  variables {
    path = "./manifests/destinations.json"
  }

  assert {
    condition = {
      for name, function in output.functions :
      name => [for statement in jsondecode(function.own_policy).Statement : statement.Action if statement.Sid == "HandOnFailedEvents"]
      } == {
      to_bucket   = [["s3:ListBucket", "s3:PutObject"]]
      to_bus      = ["events:PutEvents"]
      to_function = ["lambda:InvokeFunction"]
      to_queue    = ["sqs:SendMessage"]
      to_topic    = ["sns:Publish"]
    }
    error_message = "permission to send failed events to the destination"
  }
}

run "app_name_with_a_hyphen" {
  command = plan

  variables {
    path = "./manifests/hyphen.json"
  }

  assert {
    condition     = keys(output.functions.fetcher.environment) == ["GREETING", "OUTER_SPACE_WORKER_ARN_RANKER"]
    error_message = "variable names have no hyphen: ${jsonencode(output.functions.fetcher.environment)}"
  }
}

run "app_without_triggers" {
  command = plan

  variables {
    path = "./manifests/three.json"
  }

  assert {
    condition = alltrue([
      for made in [output.schedules, output.schedule_roles, output.queues, output.mappings, output.buckets] :
      length(keys(made)) == 0
    ])
    error_message = "there are no resources for triggers"
  }
}

run "triggers_of_each_kind" {
  command = plan

  variables {
    path = "./manifests/triggers.json"
  }

  assert {
    condition = output.schedules == {
      fetcher-1 = { worker = "fetcher", expression = "rate(5 minutes)", timezone = "UTC", input = null }
      fetcher-2 = { worker = "fetcher", expression = "cron(0 9 * * ? *)", timezone = "Europe/Berlin", input = "{\"a\":\"<b>\"}" }
    }
    error_message = "schedules are named by worker and number, and events are unchanged: ${jsonencode(output.schedules)}"
  }

  assert {
    condition = (
      keys(output.schedule_roles) == ["fetcher"] &&
      output.schedule_roles.fetcher.name == "space-dev-fetcher-schedule-us-east-1" &&
      jsondecode(output.schedule_roles.fetcher.policy).Statement == [{
        Sid    = "Invoke"
        Effect = "Allow"
        Action = "lambda:InvokeFunction"
        Resource = [
          "arn:aws:lambda:us-east-1:123456789012:function:space-dev-fetcher",
          "arn:aws:lambda:us-east-1:123456789012:function:space-dev-fetcher:live",
        ]
      }]
    )
    error_message = "schedules may invoke exactly their function: ${jsonencode(output.schedule_roles)}"
  }

  assert {
    condition = jsondecode(output.schedule_roles.fetcher.trust).Statement[0].Condition == {
      StringEquals = {
        "aws:SourceAccount" = "123456789012"
        "aws:SourceArn"     = "arn:aws:scheduler:us-east-1:123456789012:schedule-group/space-dev"
      }
    }
    error_message = "only for schedules of the stage: ${output.schedule_roles.fetcher.trust}"
  }

  assert {
    condition = output.queues == {
      jobs = {
        name                        = "space-dev-jobs"
        dead                        = "space-dev-jobs-dead"
        fifo                        = false
        content_based_deduplication = false
        visibility_timeout          = 185
        max_receives                = 4
      }
    }
    error_message = "queues of the app: ${jsonencode(output.queues)}"
  }

  assert {
    condition = jsonencode(output.mappings) == jsonencode({
      jobs = {
        worker              = "fetcher"
        queue_arn           = "arn:aws:sqs:us-east-1:123456789012:space-dev-jobs"
        batch_size          = 20
        batch_window        = 5
        partial_failures    = true
        filters             = []
        maximum_concurrency = null
      }
      "arn:aws:sqs:us-east-1:123456789012:others" = {
        worker              = "ranker"
        queue_arn           = "arn:aws:sqs:us-east-1:123456789012:others"
        batch_size          = 10
        batch_window        = 0
        partial_failures    = false
        filters             = []
        maximum_concurrency = null
      }
    })
    error_message = "event source mappings: ${jsonencode(output.mappings)}"
  }

  assert {
    condition = jsonencode(output.buckets) == jsonencode({
      uploads = {
        name = "space-dev-uploads-123456789012-us-east-1"
        arn  = "arn:aws:s3:::space-dev-uploads-123456789012-us-east-1"
        own  = true
        notices = [
          { worker = "fetcher", events = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"], prefix = "a/", suffix = "" },
          { worker = "ranker", events = ["s3:ObjectCreated:*"], prefix = "b/", suffix = "" },
        ]
      }
      "arn:aws:s3:::theirs" = {
        name    = "theirs"
        arn     = "arn:aws:s3:::theirs"
        own     = false
        notices = [{ worker = "ranker", events = ["s3:ObjectRemoved:*"], prefix = "", suffix = ".png" }]
      }
    })
    error_message = "all notifications of a bucket are in one configuration: ${jsonencode(output.buckets)}"
  }

  assert {
    condition = [for statement in jsondecode(output.functions.fetcher.own_policy).Statement : statement if statement.Sid != "Log"] == [
      {
        Sid      = "HandOnDeadEvents"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = "arn:aws:sqs:us-east-1:123456789012:others"
      },
      {
        Sid      = "HandOnResults"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = "arn:aws:lambda:us-east-1:123456789012:function:space-dev-ranker:live"
      },
      {
        Sid      = "TakeMessages"
        Effect   = "Allow"
        Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = ["arn:aws:sqs:us-east-1:123456789012:space-dev-jobs"]
      },
    ]
    error_message = "a worker as destination is its function, and only its own queues are polled: ${output.functions.fetcher.own_policy}"
  }

  assert {
    condition     = output.functions.fetcher.on_success == "${output.functions.ranker.arn}:live"
    error_message = "a worker as destination is its function: ${jsonencode(output.functions.fetcher)}"
  }
}

run "variables_name_queues_and_buckets" {
  command = plan

  variables {
    path = "./manifests/triggers.json"
  }

  assert {
    condition = alltrue([for function in output.functions : function.environment == {
      SPACE_BUCKET_THEIRS    = "theirs"
      SPACE_BUCKET_UPLOADS   = "space-dev-uploads-123456789012-us-east-1"
      SPACE_QUEUE_URL_JOBS   = "https://sqs.us-east-1.amazonaws.com/123456789012/space-dev-jobs"
      SPACE_QUEUE_URL_OTHERS = "https://sqs.us-east-1.amazonaws.com/123456789012/others"
    }])
    error_message = "every function has all variables: ${jsonencode(output.functions.ranker.environment)}"
  }
}

run "fifo_queue_filters_and_cors" {
  command = plan

  variables {
    path = "./manifests/fifo.json"
  }

  assert {
    condition = output.queues == {
      "jobs.fifo" = {
        name                        = "space-dev-jobs.fifo"
        dead                        = "space-dev-jobs-dead.fifo"
        fifo                        = true
        content_based_deduplication = true
        visibility_timeout          = 180
        max_receives                = 3
      }
    }
    error_message = "both queues are FIFO queues: ${jsonencode(output.queues)}"
  }

  assert {
    condition = (
      output.mappings["jobs.fifo"].filters == ["{\"body\":{\"kind\":[\"a\"]}}"] &&
      output.mappings["jobs.fifo"].maximum_concurrency == 2 &&
      output.mappings["jobs.fifo"].queue_arn == "arn:aws:sqs:us-east-1:123456789012:space-dev-jobs.fifo"
    )
    error_message = "filters are unchanged: ${jsonencode(output.mappings)}"
  }

  assert {
    condition     = output.functions.fetcher.environment == { SPACE_QUEUE_URL_JOBS_FIFO = "https://sqs.us-east-1.amazonaws.com/123456789012/space-dev-jobs.fifo" }
    error_message = jsonencode(output.functions.fetcher.environment)
  }

  assert {
    condition     = output.functions.endpoint.cors.allow_origins == ["https://dev.shop.example"] && output.functions.fetcher.cors == null
    error_message = "only the endpoint has a URL: ${jsonencode(output.functions.endpoint.cors)}"
  }

  assert {
    condition     = output.functions.endpoint.stream && !output.functions.fetcher.stream
    error_message = "the URL of the endpoint streams: ${jsonencode(output.functions.endpoint)}"
  }
}

run "http_api_has_routes_authorizer_and_domain" {
  command = plan

  variables {
    path = "./manifests/http_api.json"
  }

  assert {
    condition     = output.functions.endpoint.url_auth == null && output.http_api.name == "space-dev"
    error_message = "the API is in place of the URL: ${jsonencode(output.http_api)}"
  }

  assert {
    condition     = [for route in output.http_api.routes : "${route.key} ${route.auth} ${join(" ", route.scopes)}"] == ["$default jwt read", "GET /health none ", "ANY /admin/{path+} iam "]
    error_message = "the routes are those of the settings: ${jsonencode(output.http_api.routes)}"
  }

  assert {
    condition     = output.http_api.domain.name == "api.dev.shop.example" && output.http_api.throttling == { burst = 20, rate = 10 } && output.http_api.jwt.audience == ["shop"]
    error_message = "the rest of the settings: ${jsonencode(output.http_api)}"
  }
}

run "alarms_have_names_queues_and_topics" {
  command = plan

  variables {
    path = "./manifests/alarms.json"
  }

  assert {
    condition = keys(output.alarms) == [
      "space-dev-fetcher-dead-letters-others",
      "space-dev-fetcher-dead-letters-space-dev-jobs-dead",
      "space-dev-fetcher-errors",
      "space-dev-fetcher-throttles",
      "space-dev-ranker-errors",
    ]
    error_message = "each queue of the account and region has an alarm: ${jsonencode(keys(output.alarms))}"
  }

  assert {
    condition     = output.topics["ops"] == "space-dev-ops" && output.alarms["space-dev-fetcher-errors"].notify == "ops"
    error_message = "a topic of the app is created: ${jsonencode(output.topics)}"
  }

  assert {
    condition = output.alarms["space-dev-fetcher-errors"] == {
      description         = "Errors of space-dev-fetcher"
      namespace           = "AWS/Lambda"
      metric              = "Errors"
      dimensions          = { FunctionName = "space-dev-fetcher" }
      statistic           = "Sum"
      threshold           = 5
      period              = 60
      evaluation_periods  = 3
      datapoints_to_alarm = 2
      notify              = "ops"
    }
    error_message = "an alarm has everything that CloudWatch needs: ${jsonencode(output.alarms["space-dev-fetcher-errors"])}"
  }
}

run "stage_has_its_own_alarms" {
  command = plan

  variables {
    path  = "./manifests/alarms.json"
    stage = "prod"
  }

  assert {
    condition = keys(output.alarms) == [
      "space-prod-fetcher-dead-letters-others",
      "space-prod-fetcher-dead-letters-space-prod-jobs-dead",
      "space-prod-fetcher-errors",
    ] && length(output.topics) == 0
    error_message = "a stage replaces or removes alarms: ${jsonencode(keys(output.alarms))}"
  }
}

run "long_names_are_truncated" {
  command = plan

  variables {
    path  = "./manifests/triggers.json"
    stage = "a-stage-with-a-rather-long-name"
  }

  assert {
    condition = (
      length(output.buckets.uploads.name) == 63 &&
      startswith(output.buckets.uploads.name, "space-a-stage-with-a-rather-long-name-uploads-12345678-")
    )
    error_message = output.buckets.uploads.name
  }

  assert {
    condition     = length(output.schedule_roles.fetcher.name) == 64
    error_message = output.schedule_roles.fetcher.name
  }
}

run "lambda_settings" {
  command = plan

  variables {
    path = "./manifests/lambda.json"
  }

  assert {
    condition     = alltrue([for key, value in output.functions.ranker.lambda : value == null || try(length(value) == 0, value == false)])
    error_message = "no setting has a value by default: ${jsonencode(output.functions.ranker.lambda)}"
  }

  assert {
    condition     = output.functions.fetcher.lambda.tags == { team = "dev-media" } && output.functions.fetcher.lambda.ephemeral_storage == 2048
    error_message = "the settings are those of the manifest, with the stage: ${jsonencode(output.functions.fetcher.lambda)}"
  }

  assert {
    condition     = [for statement in jsondecode(output.functions.fetcher.own_policy).Statement : statement.Sid] == ["Log", "SendTraces", "MountFileSystem", "JoinVpc", "ListVpc", "KeepCodeOutOfVpc"]
    error_message = "settings need rights: ${output.functions.fetcher.own_policy}"
  }

  assert {
    condition     = [for statement in jsondecode(output.functions.ranker.own_policy).Statement : statement.Sid] == ["Log"]
    error_message = "functions without such settings need none: ${output.functions.ranker.own_policy}"
  }

  assert {
    condition     = jsondecode(output.functions.fetcher.own_policy).Statement[0].Resource == "arn:aws:logs:us-east-1:123456789012:log-group:/shop/dev:*"
    error_message = "the function writes to the log group of the settings: ${output.functions.fetcher.own_policy}"
  }
}

run "other_stage" {
  command = plan

  variables {
    path = "./manifests/lambda.json"
  }

  assert {
    condition     = output.functions.fetcher.memory == 256 && output.functions.fetcher.environment.MODE == "{stage}"
    error_message = "a stage without a table has the settings of all stages, variables are verbatim: ${jsonencode(output.functions.fetcher)}"
  }
}

run "stage_with_settings" {
  command = plan

  variables {
    path  = "./manifests/lambda.json"
    stage = "prod"
  }

  assert {
    condition     = output.functions.fetcher.memory == 2048 && output.functions.fetcher.lambda.tracing == null && output.functions.ranker.memory == 256
    error_message = "the settings of the stage replace those of all stages: ${jsonencode(output.functions.fetcher)}"
  }

  assert {
    condition     = length(output.schedules) == 0
    error_message = "a stage may have no triggers: ${jsonencode(output.schedules)}"
  }

  assert {
    condition     = output.secrets.fetcher.TOKEN == "ssm:/space/prod/token"
    error_message = "the paths of secrets name the stage: ${jsonencode(output.secrets)}"
  }
}

run "unknown_members" {
  command = plan

  variables {
    path = "./manifests/members.json"
  }

  expect_failures = [output.functions]
}

run "uses" {
  command = plan

  variables {
    path = "./manifests/uses.json"
  }

  assert {
    condition = [for statement in jsondecode(output.functions.fetcher.own_policy).Statement : "${statement.Action[0]} ${try(statement.Resource[0], statement.Resource)}" if statement.Sid != "Log"] == [
      "dynamodb:GetItem arn:aws:dynamodb:us-east-1:123456789012:table/space-dev-orders",
      "s3:PutObject arn:aws:s3:::space-dev-pictures-123456789012-us-east-1/*",
      "sqs:SendMessage arn:aws:sqs:us-east-1:123456789012:space-dev-jobs",
      "sns:Publish arn:aws:sns:us-east-1:123456789012:space-dev-alerts",
      "events:PutEvents arn:aws:events:us-east-1:123456789012:event-bus/space-dev-orders",
      "secretsmanager:GetSecretValue arn:aws:secretsmanager:us-east-1:123456789012:secret:dev/stripe-??????",
      "ses:SendEmail *",
    ]
    error_message = "statements name exact resources: ${output.functions.fetcher.own_policy}"
  }

  assert {
    condition     = jsondecode(output.functions.ranker.own_policy).Statement[2].Resource == ["arn:aws:s3:::space-dev-uploads-123456789012-us-east-1/in/*.png"]
    error_message = "objects of a trigger are readable: ${output.functions.ranker.own_policy}"
  }

  assert {
    condition = output.functions.fetcher.environment == {
      SPACE_TABLE          = "space-dev-orders"
      SPACE_BUCKET         = "space-dev-pictures-123456789012-us-east-1"
      SPACE_QUEUE          = "https://sqs.us-east-1.amazonaws.com/123456789012/space-dev-jobs"
      SPACE_TOPIC          = "arn:aws:sns:us-east-1:123456789012:space-dev-alerts"
      SPACE_BUS            = "space-dev-orders"
      SPACE_SECRET         = "dev/stripe"
      SPACE_BUCKET_UPLOADS = "space-dev-uploads-123456789012-us-east-1"
    }
    error_message = "variables name the resources: ${jsonencode(output.functions.fetcher.environment)}"
  }

  assert {
    condition     = output.tables.orders.name == "space-dev-orders" && output.tables.orders.partition.name == "id" && output.tables.orders.sort.type == "N"
    error_message = "the key of a table is said in one place: ${jsonencode(output.tables)}"
  }

  assert {
    condition     = output.topics == { alerts = "space-dev-alerts" } && output.buses == { orders = "space-dev-orders" } && keys(output.queues) == ["jobs"] && length(output.buckets["pictures"].notices) == 0
    error_message = "resources of the app are created: ${jsonencode([output.topics, output.buses, output.queues, output.buckets])}"
  }
}

run "durable" {
  command = plan

  variables {
    path = "./manifests/durable.json"
  }

  assert {
    condition     = output.functions.fetcher.durable == { retention = 14, timeout = 86400 } && output.functions.ranker.durable == null
    error_message = "only durable workers have a configuration: ${jsonencode([for name, function in output.functions : function.durable])}"
  }

  assert {
    condition = [for statement in jsondecode(output.functions.fetcher.own_policy).Statement : statement if statement.Sid == "Checkpoint"] == [{
      Action   = ["lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"]
      Effect   = "Allow"
      Resource = "arn:aws:lambda:us-east-1:123456789012:function:space-dev-fetcher:*"
      Sid      = "Checkpoint"
    }]
    error_message = "a durable function may checkpoint the executions of its versions: ${output.functions.fetcher.own_policy}"
  }

  assert {
    condition     = output.functions.settler.durable == { retention = 1, timeout = 600 }
    error_message = "a worker in Rust has a configuration, too: ${jsonencode(output.functions.settler.durable)}"
  }

  assert {
    condition     = [for statement in jsondecode(output.functions.settler.own_policy).Statement : statement.Resource if statement.Sid == "Checkpoint"] == ["arn:aws:lambda:us-east-1:123456789012:function:space-dev-settler:*"]
    error_message = "a durable function in Rust may checkpoint its executions: ${output.functions.settler.own_policy}"
  }

  assert {
    condition     = length(jsondecode(output.functions.ranker.own_policy).Statement) == 1
    error_message = "other functions may not: ${output.functions.ranker.own_policy}"
  }
}

run "durable_in_a_stage" {
  command = plan

  variables {
    path  = "./manifests/durable.json"
    stage = "prod"
  }

  assert {
    condition     = output.functions.fetcher.durable == { retention = 1, timeout = 3600 }
    error_message = "a stage has its own values: ${jsonencode(output.functions.fetcher.durable)}"
  }

  assert {
    condition     = output.functions.settler.durable == { retention = 1, timeout = 600 }
    error_message = "other functions keep theirs: ${jsonencode(output.functions.settler.durable)}"
  }
}

run "endpoint_without_url" {
  command = plan

  variables {
    path     = "./manifests/no_url.json"
    url_auth = "none"
  }

  assert {
    condition     = output.functions.endpoint.url_auth == null
    error_message = "the variable `url_auth` gives no URL to an endpoint without one: ${jsonencode(output.functions.endpoint.url_auth)}"
  }
}

run "topics_and_buses" {
  command = plan

  variables {
    path = "./manifests/events.json"
  }

  assert {
    condition     = output.topics == { alerts = "space-dev-alerts" } && output.buses == { orders = "space-dev-orders" }
    error_message = "topics and buses of the app: ${jsonencode([output.topics, output.buses])}"
  }

  assert {
    condition = jsonencode(output.subscriptions) == jsonencode({
      "fetcher/alerts" = {
        worker = "fetcher"
        topic  = "alerts"
        arn    = "arn:aws:sns:us-east-1:123456789012:space-dev-alerts"
        filter = "{\"kind\":[\"order\"]}"
        scope  = "MessageBody"
      }
      "fetcher/arn:aws:sns:us-east-1:123456789012:theirs" = {
        worker = "fetcher"
        topic  = "arn:aws:sns:us-east-1:123456789012:theirs"
        arn    = "arn:aws:sns:us-east-1:123456789012:theirs"
        filter = null
        scope  = "MessageAttributes"
      }
    })
    error_message = "subscriptions: ${jsonencode(output.subscriptions)}"
  }

  assert {
    condition = { for key, rule in output.rules : key => "${rule.bus} ${rule.arn}" } == {
      "fetcher-1" = "space-dev-orders arn:aws:events:us-east-1:123456789012:rule/space-dev-orders/space-dev-fetcher-1"
      "fetcher-2" = "default arn:aws:events:us-east-1:123456789012:rule/space-dev-fetcher-2"
      "fetcher-3" = "theirs arn:aws:events:us-east-1:123456789012:rule/theirs/space-dev-fetcher-3"
    }
    error_message = "rules: ${jsonencode(output.rules)}"
  }
}

run "streams" {
  command = plan

  variables {
    path = "./manifests/streams.json"
  }

  assert {
    condition     = output.streams == { clicks = "space-dev-clicks" } && output.tables.orders.stream_view_type == "NEW_IMAGE"
    error_message = "streams of the app: ${jsonencode([output.streams, output.tables])}"
  }

  assert {
    condition = { for key, mapping in output.stream_mappings : key => "${coalesce(mapping.table, "-")} ${coalesce(mapping.stream, "-")} ${coalesce(mapping.arn, "-")}" } == {
      "fetcher/orders"                                               = "orders - -"
      "fetcher/clicks"                                               = "- clicks -"
      "fetcher/arn:aws:kinesis:us-east-1:123456789012:stream/theirs" = "- - arn:aws:kinesis:us-east-1:123456789012:stream/theirs"
    }
    error_message = "mappings: ${jsonencode(output.stream_mappings)}"
  }

  assert {
    condition = [
      for statement in jsondecode(output.functions.fetcher.own_policy).Statement : statement.Resource
      if contains(["ReadChanges", "ReadRecords", "HandOnFailedBatches1"], statement.Sid)
      ] == [
      ["arn:aws:dynamodb:us-east-1:123456789012:table/space-dev-orders/stream/*"],
      ["arn:aws:kinesis:us-east-1:123456789012:stream/space-dev-clicks", "arn:aws:kinesis:us-east-1:123456789012:stream/theirs"],
      ["arn:aws:s3:::failed-batches", "arn:aws:s3:::failed-batches/*"],
    ]
    error_message = "a function may read its streams: ${output.functions.fetcher.own_policy}"
  }
}
