//! Plans for desired and actual alarms.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::*;
use crate::desired::DesiredFunction;
use crate::plan::Plan;
use crate::test_fixtures::{actual_function, desired_function, stage};

fn worker(changed: &Value) -> DesiredFunction {
    let mut alarms = json!({
        "notify": "alerts", "errors": 1, "throttles": 1, "dead_letters": 1, "period": 60, "evaluation_periods": 1,
        "datapoints_to_alarm": 1
    });
    for (key, value) in changed.as_object().into_iter().flatten() {
        alarms[key] = value.clone();
    }
    let mut function = desired_function("counter");
    function.alarms = serde_json::from_value(alarms).expect("settings");
    function
}

fn desired(function: DesiredFunction) -> Desired {
    Desired::from([("counter".to_owned(), function)])
}

/// The state after `desired` was deployed.
fn deployed(desired: &Desired) -> Actual {
    let stage = stage();
    let mut actual = Actual::default();
    for (key, function) in desired {
        let mut of_function = actual_function(key, function);
        if function.alarms.is_some() {
            let deployed = of_function.deployed.as_mut().expect("a function");
            deployed.tags.insert(ALARMS_TAG.to_owned(), "yes".to_owned());
            let alarms = desired_alarms(&stage, key, function).into_iter();
            actual.alarms.insert(key.clone(), alarms.map(|alarm| (alarm.name.clone(), alarm)).collect());
            let topic = function.alarms.as_ref().and_then(|alarms| alarms.topic(&stage));
            actual.resources.extend(topic.map(|topic| (topic, None)));
        }
        actual.functions.insert(key.clone(), of_function);
    }
    actual
}

fn plan(desired: &Desired, actual: &Actual) -> Plan {
    Plan::new(&stage(), desired, actual, false)
}

#[test]
fn new_alarms_are_created_with_their_topic() {
    let desired = desired(worker(&json!({})));
    let plan = plan(&desired, &Actual::default());
    assert_snapshot!(plan.render(&stage()), @"
    stage `dev` of app `shop` in eu-west-1, account 123456789012

    + create  shop-dev-counter
    + create  topic shop-dev-alerts
    + create  alarms shop-dev-counter

    3 to create
    ");
    let planned = plan.triggers.iter().find(|planned| planned.resource.starts_with("alarms")).expect("alarms");
    assert_eq!(planned.step_ids(), ["put-alarms"]);
}

#[test]
fn unchanged_alarms_are_kept() {
    let desired = desired(worker(&json!({})));
    assert!(plan(&desired, &deployed(&desired)).is_empty());
}

#[test]
fn plan_says_what_differs() {
    let before = deployed(&desired(worker(&json!({}))));
    let changed = desired(worker(&json!({ "errors": 5, "throttles": null, "period": 120, "notify": null })));
    assert_snapshot!(plan(&changed, &before).render(&stage()), @"
    stage `dev` of app `shop` in eu-west-1, account 123456789012

    ~ update  alarms shop-dev-counter (errors threshold 1 → 5, errors period 60 → 120, errors notify arn:aws:sns:eu-west-1:123456789012:shop-dev-alerts → none, -throttles)

    1 to update, 1 unchanged
    ");
    let mut by_hand = deployed(&desired(worker(&json!({}))));
    for alarm in by_hand.alarms.values_mut().flat_map(BTreeMap::values_mut) {
        alarm.statistic = "Average".to_owned();
    }
    assert_snapshot!(plan(&desired(worker(&json!({}))), &by_hand).render(&stage()), @"
    stage `dev` of app `shop` in eu-west-1, account 123456789012

    ~ update  alarms shop-dev-counter (errors definition, throttles definition)

    1 to update, 2 unchanged
    ");
}

#[test]
fn alarms_are_deleted_with_the_setting_and_with_the_function() {
    let before = deployed(&desired(worker(&json!({}))));
    let without = desired(desired_function("counter"));
    assert_snapshot!(plan(&without, &before).render(&stage()), @"
    stage `dev` of app `shop` in eu-west-1, account 123456789012

    - delete  alarms shop-dev-counter

    1 to delete, 1 unchanged
    ");
    assert_snapshot!(plan(&Desired::new(), &before).render(&stage()), @"
    stage `dev` of app `shop` in eu-west-1, account 123456789012

    - delete  shop-dev-counter (with its role and its log group)
    - delete  alarms shop-dev-counter

    2 to delete
    ");
    // A deploy was killed between the last alarm and the tag.
    let killed = Actual { alarms: BTreeMap::new(), ..before };
    let plan = plan(&without, &killed);
    let steps: Vec<_> = plan.trigger_changes().flat_map(PlannedTrigger::step_ids).collect();
    assert_eq!(steps, ["delete-alarms"]);
}

#[test]
fn function_without_its_tag_gets_it() {
    let desired = desired(worker(&json!({})));
    let mut actual = deployed(&desired);
    let deployed = actual.functions.get_mut("counter").and_then(|function| function.deployed.as_mut());
    deployed.expect("a function").tags.remove(ALARMS_TAG);
    assert!(plan(&desired, &actual).render(&stage()).contains("alarms shop-dev-counter (tag bedrock:alarms)"));
}

#[test]
fn queues_for_dead_letters_have_an_alarm_each() {
    let mut function = worker(&json!({}));
    let queue = |name: &str| {
        json!({
            "queue": name, "batch_size": 10, "batch_window": 0, "partial_failures": true, "max_receives": 3,
            "visibility_timeout": 180
        })
    };
    let theirs = "arn:aws:sqs:eu-west-1:123456789012:theirs";
    function.triggers =
        serde_json::from_value(json!([queue("jobs"), queue("a.fifo"), queue(theirs)])).expect("triggers");
    function.version.settings.dead_letter = Some("arn:aws:sqs:eu-west-1:123456789012:lost".to_owned());
    // Metrics of another region, and those of a topic, are not of this alarm's kind.
    function.event_invoke_config.on_failure = Some("arn:aws:sqs:us-east-1:123456789012:far".to_owned());
    let alarms = desired_alarms(&stage(), "counter", &function);
    let names: Vec<_> = alarms.iter().map(|alarm| alarm.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "shop-dev-counter-dead-letters-lost",
            "shop-dev-counter-dead-letters-shop-dev-a-dead.fifo",
            "shop-dev-counter-dead-letters-shop-dev-jobs-dead",
            "shop-dev-counter-errors",
            "shop-dev-counter-throttles",
        ]
    );
    assert_eq!((&*alarms[0].statistic, &*alarms[3].statistic), ("Maximum", "Sum"));
    assert_eq!(alarms[3].actions, ["arn:aws:sns:eu-west-1:123456789012:shop-dev-alerts"]);
}
