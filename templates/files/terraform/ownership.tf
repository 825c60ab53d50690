# An app's stage has one owner and one state. Both are found out before anything is changed.

# `cargo bedrock deploy` marks what it makes with `bedrock:owner = cargo-bedrock`.
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
      error_message = "stage `${var.stage}` of app `${module.manifest.app}` is deployed by `cargo bedrock deploy`, and one stage has one owner: deploy with that, or run `cargo bedrock destroy --stage ${var.stage}` first"
    }
  }
}

# Remembers what this state was first applied for. Another stage in the same state would replace it, and another
# region would lose sight of it.
resource "terraform_data" "state_of" {
  input = "stage `${var.stage}` of app `${module.manifest.app}` in ${data.aws_region.current.id}, account ${data.aws_caller_identity.current.account_id}"

  lifecycle {
    ignore_changes = [input]

    postcondition {
      condition     = self.output == "stage `${var.stage}` of app `${module.manifest.app}` in ${data.aws_region.current.id}, account ${data.aws_caller_identity.current.account_id}"
      error_message = "this state is that of ${self.output}: choose the workspace or the backend of stage `${var.stage}`"
    }
  }
}
