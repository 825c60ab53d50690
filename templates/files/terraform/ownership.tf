# A stage of an app has one owner and one state. Both are checked before any change.

# `cargo bedrock deploy` tags its resources with `bedrock:owner = cargo-bedrock`.
data "aws_resourcegroupstaggingapi_resources" "deployed_otherwise" {
  count = var.check_owner ? 1 : 0

  resource_type_filters = ["lambda:function"]

  tag_filter {
    key    = "bedrock:app"
    values = [module.manifest.app]
  }

  tag_filter {
    key    = "bedrock:stage"
    values = [var.stage]
  }

  tag_filter {
    key    = "bedrock:owner"
    values = ["cargo-bedrock"]
  }

  lifecycle {
    postcondition {
      condition     = length(self.resource_tag_mapping_list) == 0
      error_message = "stage `${var.stage}` of app `${module.manifest.app}` is deployed by `cargo bedrock deploy`, and a stage has only one owner: deploy with that command, or run `cargo bedrock destroy --stage ${var.stage}` first"
    }
  }
}

# Records the stage, app, region and account of this state. Applying the same state for a different stage would replace
# the deployed stage; for a different region, it would orphan its resources.
resource "terraform_data" "state_of" {
  input = "stage `${var.stage}` of app `${module.manifest.app}` in ${data.aws_region.current.id}, account ${data.aws_caller_identity.current.account_id}"

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = self.output == "stage `${var.stage}` of app `${module.manifest.app}` in ${data.aws_region.current.id}, account ${data.aws_caller_identity.current.account_id}"
      error_message = "this state belongs to ${self.output}: choose the workspace or the backend of stage `${var.stage}`"
    }
  }
}
