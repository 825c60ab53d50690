# Schedules of EventBridge Scheduler, all in one group. For each worker with schedules, a role that may only invoke the
# function of the worker.

resource "aws_scheduler_schedule_group" "this" {
  count = length(module.manifest.schedules) > 0 ? 1 : 0

  name = module.manifest.schedule_group
}

resource "aws_iam_role" "schedule" {
  for_each = module.manifest.schedule_roles

  name                  = each.value.name
  path                  = var.role_path
  permissions_boundary  = var.permissions_boundary
  force_detach_policies = true
  assume_role_policy    = each.value.trust
}

resource "aws_iam_role_policy" "schedule" {
  for_each = module.manifest.schedule_roles

  name   = "own"
  role   = aws_iam_role.schedule[each.key].id
  policy = each.value.policy
}

resource "aws_scheduler_schedule" "this" {
  for_each = module.manifest.schedules

  name                         = each.key
  group_name                   = one(aws_scheduler_schedule_group.this[*].name)
  schedule_expression          = each.value.expression
  schedule_expression_timezone = each.value.timezone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = module.function[each.value.worker].live_arn
    role_arn = aws_iam_role.schedule[each.value.worker].arn
    input    = each.value.input
  }

  depends_on = [aws_iam_role_policy.schedule]
}
