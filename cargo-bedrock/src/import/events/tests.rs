//! Topics, rules and streams of SAM as triggers.

use toml_edit::InlineTable;

use super::super::values::Template;
use super::super::yaml;
use super::trigger;

/// Returns the trigger of the only event of a template, with what is left of it, or why there is none.
fn imported(kind: &str, properties: &str) -> Result<String, String> {
    let text = format!(
        "Resources:\n  AlertsTopic: {{ Type: AWS::SNS::Topic }}\n  OrderBus: {{ Type: AWS::Events::EventBus, Properties: {{ \
         Name: orders }} }}\n  ClickStream: {{ Type: AWS::Kinesis::Stream }}\n  Orders: {{ Type: AWS::DynamoDB::Table \
         }}\nEvent:\n  Type: {kind}\n  Properties: {properties}\n"
    );
    let root = yaml::parse(&text, "template.yaml").expect("YAML");
    let shown = |(table, left): (InlineTable, Vec<String>)| format!("{table} {}", left.join(" ")).trim().to_owned();
    trigger(&Template { root: &root }, root.get("Event").expect("an event")).map(shown)
}

#[test]
fn topics_and_rules_of_sam_become_triggers() {
    for (kind, properties, expected) in [
        ("SNS", "{ Topic: !Ref AlertsTopic }", r#"{ topic = "alerts" }"#),
        (
            "SNS",
            "{ Topic: 'arn:aws:sns:eu-west-1:123456789012:x', FilterPolicyScope: MessageBody, FilterPolicy: { kind: [order, \
             '7', 7, { exists: true }] } }",
            r#"{ topic = "arn:aws:sns:eu-west-1:123456789012:x", filter = { kind = ["order", "7", 7, { exists = true }] }, filter-scope = "body" }"#,
        ),
        (
            "EventBridgeRule",
            "{ Pattern: { source: [shop] } }",
            r#"{ bus = "default", pattern = { source = ["shop"] } }"#,
        ),
        (
            "CloudWatchEvent",
            "{ EventBusName: !Ref OrderBus, Pattern: { source: [shop] }, InputPath: $.detail }",
            "{ bus = \"orders\", pattern = { source = [\"shop\"] } } 8: `InputPath` has no setting of a trigger",
        ),
    ] {
        assert_eq!(imported(kind, properties), Ok(expected.to_owned()), "{properties}");
    }
}

#[test]
fn streams_of_sam_become_triggers() {
    let table = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-26T16:00:00.000";
    for (kind, properties, expected) in [
        (
            "Kinesis",
            "{ Stream: !GetAtt ClickStream.Arn, StartingPosition: TRIM_HORIZON }".to_owned(),
            r#"{ kinesis = "click" }"#.to_owned(),
        ),
        (
            "Kinesis",
            "{ Stream: !GetAtt ClickStream.Arn, StartingPosition: AT_TIMESTAMP, StartingPositionTimestamp: 1798102800 }"
                .to_owned(),
            r#"{ kinesis = "click", starting-position = 2026-12-24T09:00:00Z }"#.to_owned(),
        ),
        (
            "Kinesis",
            "{ Stream: !GetAtt ClickStream.Arn, StartingPosition: AT_TIMESTAMP, StartingPositionTimestamp: !Ref Start }"
                .to_owned(),
            "{ kinesis = \"click\", starting-position = \"LATEST\" } 8: `StartingPosition: AT_TIMESTAMP` has no time here \
             and became `LATEST`, write the time instead: `starting-position = 2026-12-24T09:00:00Z`"
                .to_owned(),
        ),
        (
            "DynamoDB",
            format!(
                "{{ Stream: '{table}', StartingPosition: LATEST, BatchSize: 5, MaximumRetryAttempts: -1, \
                 BisectBatchOnFunctionError: true, FunctionResponseTypes: [ReportBatchItemFailures], FilterCriteria: {{ \
                 Filters: [{{ Pattern: '{{\"eventName\":[\"INSERT\"]}}' }}] }}, DestinationConfig: {{ OnFailure: {{ \
                 Destination: 'arn:aws:sqs:eu-west-1:123456789012:failed' }} }} }}"
            ),
            format!(
                "{{ dynamodb = \"{table}\", starting-position = \"LATEST\", batch-size = 5, maximum-retry-attempts = -1, \
                 bisect-batch-on-function-error = true, filters = [{{ eventName = [\"INSERT\"] }}], partial-failures = true, \
                 on-failure = \"arn:aws:sqs:eu-west-1:123456789012:failed\" }}"
            ),
        ),
    ] {
        assert_eq!(imported(kind, &properties), Ok(expected), "{properties}");
    }
}

#[test]
fn events_that_only_a_deployment_knows_are_left() {
    for (kind, properties, reason) in [
        ("SNS", "{ Topic: !Ref ClickStream }", "`ClickStream` is not a topic"),
        ("SNS", "{ Topic: !Ref AlertsTopic, SqsSubscription: true }", "its messages go through a queue"),
        ("EventBridgeRule", "{ Pattern: { source: [!Ref Orders] } }", "TOML cannot hold its pattern"),
        ("EventBridgeRule", "{ Pattern: { source: [a] }, State: DISABLED }", "it is disabled"),
        (
            "DynamoDB",
            "{ Stream: !GetAtt Orders.StreamArn, StartingPosition: LATEST }",
            "a table of the app needs a key",
        ),
        ("MSK", "{ Stream: x }", "there is no trigger for events of type `MSK`"),
    ] {
        let error = imported(kind, properties).expect_err(properties);
        assert!(error.contains(reason), "{error}");
    }
}
