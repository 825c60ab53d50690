//! Plans for desired and actual streams.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::actual::Actual;
use crate::desired::{Desired, DesiredFunction};
use crate::manifest::{StreamTrigger, Trigger};
use crate::plan::Plan;
use crate::resources::desired_resources;
use crate::test_fixtures::{actual_function, desired_function, stage};
use crate::triggers::actual::{ActualStreamMapping, ActualTableStream, ActualTriggers};
use crate::triggers::desired::DesiredTriggers;
use crate::triggers::streams::desired::StreamSource;
use crate::uses::ResourceUse;

const THEIRS: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/theirs";

fn trigger(source: &Value, changed: &Value) -> Trigger {
    let mut trigger = json!({
        "starting_position": "LATEST", "batch_size": 100, "batch_window": 0, "parallelization_factor": 1,
        "maximum_retry_attempts": -1, "maximum_record_age": -1, "bisect_batch_on_function_error": false,
        "tumbling_window": 0, "partial_failures": false, "on_failure": null, "stream_view_type": "NEW_IMAGE"
    });
    for (key, value) in [source, changed].into_iter().flat_map(|each| each.as_object().into_iter().flatten()) {
        trigger[key] = value.clone();
    }
    Trigger::Stream(Box::new(serde_json::from_value::<StreamTrigger>(trigger).expect("a trigger")))
}

fn orders() -> Trigger {
    trigger(&json!({ "dynamodb": "orders" }), &json!({}))
}

fn clicks(changed: &Value) -> Trigger {
    trigger(&json!({ "kinesis": "clicks" }), changed)
}

fn app(workers: &[(&str, &[Trigger])]) -> Desired {
    let table: ResourceUse = serde_json::from_value(json!({
        "kind": "table", "name": "orders", "is_of_app": true, "grants": [], "variable": "X", "value": null,
        "arn": "arn:{partition}:dynamodb:{region}:{account}:table/{prefix}orders",
        "key": { "partition": { "name": "id", "type": "S" }, "sort": null }
    }))
    .expect("a table");
    let worker = |(key, triggers): &(&str, &[Trigger])| {
        let has_table = triggers.iter().any(|trigger| *trigger == orders());
        let resources = has_table.then(|| table.clone()).into_iter().collect();
        let function = DesiredFunction { triggers: triggers.to_vec(), resources, ..desired_function(key) };
        ((*key).to_owned(), function)
    };
    workers.iter().map(worker).collect()
}

fn arn_of(source: &StreamSource) -> String {
    source.arn_pattern(&stage()).replace('*', "LABEL")
}

/// The actual state after `desired` was deployed.
fn deployed(desired: &Desired) -> Actual {
    let functions = desired.iter().map(|(key, desired)| (key.clone(), actual_function(key, desired))).collect();
    let tagged_functions = desired.keys().cloned().collect();
    let mut triggers = ActualTriggers { tagged_functions, ..ActualTriggers::default() };
    for (source, stream) in DesiredTriggers::new(&stage(), desired).streams {
        for (key, mapping) in stream.mappings {
            triggers.stream_mappings.push(ActualStreamMapping {
                id: format!("mapping of {key}"),
                key,
                source_arn: arn_of(&source),
                mapping,
                is_enabled: true,
                invokes_alias: true,
            });
        }
        if let StreamSource::Table(name) = &source {
            triggers.table_streams.insert(name.clone(), ActualTableStream { arn: arn_of(&source) });
        }
    }
    Actual { functions, triggers, resources: desired_resources(&stage(), desired), ..Actual::default() }
}

/// Renders the lines of the plan for triggers, with their steps.
fn plan(desired: &Desired, actual: &Actual, is_partial: bool) -> String {
    let plan = Plan::new(&stage(), desired, actual, is_partial);
    let lines = plan.render(&stage());
    let line = |resource: &str| lines.lines().find(|line| line.contains(resource)).unwrap_or_default();
    let changes = plan.trigger_changes();
    let lines: Vec<String> =
        changes.map(|each| format!("{}: {}", line(&each.resource), each.step_ids().join(" "))).collect();
    lines.join("\n")
}

#[test]
fn streams_exist_before_they_are_read() {
    let app = app(&[("counter", &[orders(), clicks(&json!({}))]), ("reporter", &[orders()])]);
    assert_snapshot!(plan(&app, &Actual::default(), false), @"
    + create  stream of table shop-dev-orders: mark mark make-table enable-stream map map
    + create  stream shop-dev-clicks: mark make-stream map
    ");
    assert_eq!(plan(&app, &deployed(&app), false), "");
}

#[test]
fn table_without_a_stream_gets_one() {
    let app = app(&[("counter", &[orders()])]);
    let mut actual = deployed(&app);
    actual.triggers.table_streams.clear();
    actual.triggers.stream_mappings.clear();
    assert_snapshot!(plan(&app, &actual, false), @"~ update  stream of table shop-dev-orders (stream of the table, +counter): enable-stream map");
    // It was disabled and enabled again: the mapping reads the old stream.
    let mut actual = deployed(&app);
    let stream = ActualTableStream { arn: "arn:aws:dynamodb:eu-west-1:123456789012:table/x/stream/NEW".to_owned() };
    actual.triggers.table_streams.insert("shop-dev-orders".to_owned(), stream);
    assert_snapshot!(plan(&app, &actual, false), @"~ update  stream of table shop-dev-orders (+counter, another stream than shop-dev-orders/stream/LABEL): map unmap");
}

#[test]
fn changed_settings_of_a_mapping_are_updated() {
    let old = app(&[("counter", &[clicks(&json!({}))])]);
    let changes = json!({
        "batch_size": 5, "batch_window": 1, "parallelization_factor": 2, "maximum_retry_attempts": 3,
        "maximum_record_age": 60, "bisect_batch_on_function_error": true, "partial_failures": true,
        "filters": [r#"{"data":{"a":["b"]}}"#], "on_failure": "arn:aws:sqs:eu-west-1:123456789012:failed",
        "starting_position": "TRIM_HORIZON"
    });
    let new = app(&[("counter", &[clicks(&changes)])]);
    assert_snapshot!(plan(&new, &deployed(&old), false), @"~ update  stream shop-dev-clicks (batch size 100 → 5, batch window 0 → 1, parallelization factor 1 → 2, maximum retry attempts none → 3, maximum record age none → 60, bisect off → on, partial failures off → on, filters, on failure none → arn:aws:sqs:eu-west-1:123456789012:failed): remap");
    let started = app(&[("counter", &[clicks(&json!({ "starting_position": "TRIM_HORIZON" }))])]);
    assert_eq!(plan(&started, &deployed(&old), false), "");
    let mut disabled = deployed(&old);
    disabled.triggers.stream_mappings[0].is_enabled = false;
    assert_snapshot!(plan(&old, &disabled, false), @"~ update  stream shop-dev-clicks (disabled): remap");
}

#[test]
fn mappings_are_deleted_and_streams_are_kept() {
    let theirs = trigger(&json!({ "kinesis": THEIRS }), &json!({}));
    let old = app(&[("counter", &[orders(), theirs]), ("reporter", &[orders()])]);
    let new = app(&[("counter", &[]), ("reporter", &[orders()])]);
    assert_snapshot!(plan(&new, &deployed(&old), false), @"
    ~ update  stream of table shop-dev-orders (-counter): unmap
    ~ update  stream theirs (no longer invokes worker counter): unmap
    ");
    assert_snapshot!(plan(&Desired::new(), &deployed(&old), false), @"
    ~ update  stream shop-dev-orders/stream/LABEL (no longer invokes worker counter): unmap
    ~ update  stream shop-dev-orders/stream/LABEL (no longer invokes worker counter): unmap
    ~ update  stream theirs (no longer invokes worker counter): unmap
    ");
    let one = app(&[("counter", &[])]);
    assert_snapshot!(plan(&one, &deployed(&old), true), @"
    ~ update  stream shop-dev-orders/stream/LABEL (no longer invokes worker counter): unmap
    ~ update  stream theirs (no longer invokes worker counter): unmap
    ");
}
