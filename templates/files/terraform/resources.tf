# Tables, topics and event buses that the functions of the app use.

resource "aws_dynamodb_table" "this" {
  for_each = module.manifest.tables

  name         = each.value.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = each.value.partition.name
  range_key    = try(each.value.sort.name, null)
  # A table contains data: `terraform destroy` fails until `keep_tables` is false.
  deletion_protection_enabled = var.keep_tables

  dynamic "attribute" {
    for_each = [for attribute in [each.value.partition, each.value.sort] : attribute if attribute != null]

    content {
      name = attribute.value.name
      type = attribute.value.type
    }
  }
}

resource "aws_sns_topic" "this" {
  for_each = module.manifest.topics

  name = each.value
}

resource "aws_cloudwatch_event_bus" "this" {
  for_each = module.manifest.buses

  name = each.value
}
