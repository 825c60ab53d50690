# Tables, topics, event buses and Kinesis streams that the functions of the app use, or that invoke them.

resource "aws_dynamodb_table" "this" {
  for_each = module.manifest.tables

  name         = each.value.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = each.value.partition.name
  range_key    = try(each.value.sort.name, null)
  # A table contains data: `terraform destroy` fails until `keep_tables` is false.
  deletion_protection_enabled = var.keep_tables
  stream_enabled              = each.value.stream_view_type == null ? null : true
  stream_view_type            = each.value.stream_view_type

  dynamic "attribute" {
    for_each = [for attribute in [each.value.partition, each.value.sort] : attribute if attribute != null]

    content {
      name = attribute.value.name
      type = attribute.value.type
    }
  }
}

resource "aws_kinesis_stream" "this" {
  for_each = module.manifest.streams

  name = each.value

  stream_mode_details {
    stream_mode = "ON_DEMAND"
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
