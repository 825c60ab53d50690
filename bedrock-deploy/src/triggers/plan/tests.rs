//! Plans for tables of desired and actual triggers.

use std::collections::{BTreeMap, BTreeSet};

use insta::assert_snapshot;

use crate::actual::Actual;
use crate::actual_role::ActualRole;
use crate::desired::{Desired, DesiredFunction};
use crate::manifest::{FilterScope, ObjectEvent, Trigger};
use crate::plan::Plan;
use crate::policy::{schedule_policy, scheduler_trust_policy};
use crate::resources::desired_resources;
use crate::test_fixtures::{actual_function, desired_function, stage};
use crate::triggers::actual::{
    ActualBucket, ActualMapping, ActualQueue, ActualRule, ActualSchedule, ActualSubscription, ActualTopic,
    ActualTriggers,
};
use crate::triggers::desired::{DesiredRule, DesiredTriggers};

fn schedule(expression: &str) -> Trigger {
    Trigger::Schedule { schedule: expression.to_owned(), timezone: "UTC".to_owned(), event: None }
}

fn queue(name: &str) -> Trigger {
    Trigger::Queue {
        queue: name.to_owned(),
        batch_size: 10,
        batch_window: 0,
        partial_failures: false,
        max_receives: 3,
        visibility_timeout: 180,
        content_based_deduplication: false,
        filters: Vec::new(),
        maximum_concurrency: None,
    }
}

fn bucket(name: &str, prefix: &str) -> Trigger {
    let events = vec![ObjectEvent::Created];
    Trigger::Bucket { bucket: name.to_owned(), prefix: prefix.to_owned(), suffix: String::new(), events }
}

fn app(workers: &[(&str, &[Trigger])]) -> Desired {
    let worker = |(key, triggers): &(&str, &[Trigger])| {
        ((*key).to_owned(), DesiredFunction { triggers: triggers.to_vec(), ..desired_function(key) })
    };
    workers.iter().map(worker).collect()
}

/// The actual state after `desired` was deployed, with its functions.
fn deployed(desired: &Desired) -> Actual {
    let functions = desired.iter().map(|(key, desired)| (key.clone(), actual_function(key, desired))).collect();
    let desired_triggers = DesiredTriggers::new(&stage(), desired);
    let with_triggers = desired.iter().filter(|(_, each)| !each.triggers.is_empty());
    let mut triggers = ActualTriggers {
        tagged_functions: with_triggers.map(|(key, _)| key.clone()).collect(),
        has_schedule_group: !desired_triggers.schedules.is_empty(),
        ..ActualTriggers::default()
    };
    for (name, schedule) in desired_triggers.schedules {
        let role = ActualRole {
            arn: stage().schedule_role_arn(&schedule.key),
            created_at: None,
            permissions_boundary: None,
            tags: stage().tags(),
            trust_policy: scheduler_trust_policy(&stage()),
            inline_policy: Some(schedule_policy(&stage(), &schedule.key)),
        };
        triggers.schedule_roles.insert(schedule.key.clone(), role);
        triggers.schedules.insert(name, ActualSchedule { schedule, is_effective: true });
    }
    for (arn, queue) in desired_triggers.queues {
        let id = format!("mapping of {arn}");
        let mapping = queue.mapping.expect("a mapping");
        let mapping =
            ActualMapping { id, key: queue.key, queue_arn: arn, mapping, is_enabled: true, invokes_alias: true };
        triggers.mappings.push(mapping);
        if let Some(app_queue) = queue.app_queue {
            let actual = ActualQueue {
                visibility_timeout_seconds: app_queue.visibility_timeout_seconds,
                max_receives: Some(app_queue.max_receives),
                content_based_deduplication: app_queue.content_based_deduplication,
                messages: 0,
            };
            triggers.queues.insert(app_queue.name, actual);
        }
    }
    for (name, bucket) in desired_triggers.buckets {
        let actual = ActualBucket {
            exists: true,
            is_app_bucket: bucket.is_app_bucket,
            is_empty: true,
            permitted_unqualified: BTreeSet::new(),
            permitted: bucket.notifications.iter().map(|config| config.key.clone()).collect(),
            notifications: bucket.notifications,
        };
        triggers.buckets.insert(name, actual);
    }
    for (arn, topic) in desired_triggers.topics {
        let permitted = topic.subscriptions.keys().cloned().collect();
        let subscription = |(key, filter)| (key, ActualSubscription { arn: format!("subscription of {arn}"), filter });
        let subscriptions = topic.subscriptions.into_iter().map(subscription).collect();
        triggers.topics.insert(arn, ActualTopic { subscriptions, permitted });
    }
    for (arn, rule) in desired_triggers.rules {
        let DesiredRule { key, pattern, .. } = rule;
        let rule = ActualRule { key, exists: true, pattern, is_effective: true, is_permitted: true };
        triggers.rules.insert(arn, rule);
    }
    let resources = desired_resources(&stage(), desired);
    Actual { functions, triggers, resources, ..Actual::default() }
}

/// Renders the lines of the plan for triggers, with their steps.
fn plan(desired: &Desired, actual: &Actual, is_partial: bool) -> String {
    let plan = Plan::new(&stage(), desired, actual, is_partial);
    let lines = plan.render(&stage());
    let mut text = String::new();
    for planned in plan.trigger_changes() {
        let line = lines.lines().find(|line| line.contains(&planned.resource)).unwrap_or_default();
        let steps = planned.step_ids();
        let warning = planned.warning.as_ref().map_or(String::new(), |warning| format!("warning: {warning}\n"));
        text += &[line, ": ", &steps.join(" "), "\n", &warning].concat();
    }
    text
}

const UNMANAGED_QUEUE: &str = "arn:aws:sqs:eu-west-1:123456789012:others";

fn app_with_all_triggers() -> Desired {
    app(&[
        ("counter", &[schedule("rate(5 minutes)"), queue("jobs"), queue(UNMANAGED_QUEUE), bucket("uploads", "a/")]),
        ("reporter", &[schedule("rate(1 hour)"), bucket("uploads", "b/"), bucket("arn:aws:s3:::theirs", "")]),
    ])
}

#[test]
fn new_triggers_tag_functions_first() {
    assert_snapshot!(plan(&app_with_all_triggers(), &Actual::default(), false), @"
    + create  schedules shop-dev: mark mark make-group make-schedule-role write-schedule-rights make-schedule-role write-schedule-rights make-schedule make-schedule
    + create  queue others: mark map
    + create  queue shop-dev-jobs: mark make-queue map
    + create  bucket shop-dev-uploads-123456789012-eu-west-1: mark mark permit permit make-bucket notify
    + create  bucket theirs: mark permit notify
    ");
}

#[test]
fn unchanged_triggers_are_kept() {
    let app = app_with_all_triggers();
    assert_eq!(plan(&app, &deployed(&app), false), "");
    assert!(Plan::new(&stage(), &app, &deployed(&app), false).is_empty());
}

#[test]
fn app_without_triggers_has_no_planned_triggers() {
    let app = app(&[("counter", &[])]);
    assert!(Plan::new(&stage(), &app, &deployed(&app), false).triggers.is_empty());
}

/// Renders the plan for a worker whose triggers were deployed as `old` and are desired as `new`.
fn plan_change(old: &[Trigger], new: &[Trigger]) -> String {
    plan(&app(&[("counter", new)]), &deployed(&app(&[("counter", old)])), false)
}

#[test]
fn changed_schedules_are_updated() {
    let old = [schedule("rate(5 minutes)")];
    assert_snapshot!(plan_change(&old, &[schedule("rate(1 hour)")]), @"~ update  schedules shop-dev (counter-1 rate(5 minutes) → rate(1 hour)): set-schedule");
    let zone = Trigger::Schedule {
        schedule: "rate(5 minutes)".to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        event: Some("{}".to_owned()),
    };
    assert_snapshot!(plan_change(&old, &[zone]), @"~ update  schedules shop-dev (counter-1 time zone UTC → Europe/Berlin, event): set-schedule");
    let two = [schedule("rate(5 minutes)"), schedule("rate(1 day)")];
    assert_snapshot!(plan_change(&old, &two), @"~ update  schedules shop-dev (+counter-2): make-schedule");
    assert_snapshot!(plan_change(&two, &old), @"~ update  schedules shop-dev (-counter-2): delete-schedule");
    assert_snapshot!(plan_change(&old, &[]), @"- delete  schedules shop-dev (-counter-1): delete-schedule delete-schedule-role delete-group");
}

#[test]
fn drift_of_schedules_and_roles_is_corrected() {
    let app = app(&[("counter", &[schedule("rate(5 minutes)")])]);
    let mut actual = deployed(&app);
    for schedule in actual.triggers.schedules.values_mut() {
        schedule.is_effective = false;
    }
    for role in actual.triggers.schedule_roles.values_mut() {
        role.inline_policy = None;
    }
    assert_snapshot!(plan(&app, &actual, false), @"~ update  schedules shop-dev (role of counter, counter-1 state or target): write-schedule-rights set-schedule");
}

#[test]
fn changed_queues_are_updated() {
    let old = [queue("jobs")];
    let mut new = queue("jobs");
    if let Trigger::Queue { batch_size, batch_window, partial_failures, .. } = &mut new {
        *batch_size = 5;
        *batch_window = 2;
        *partial_failures = true;
    }
    assert_snapshot!(plan_change(&old, std::slice::from_ref(&new)), @"~ update  queue shop-dev-jobs (batch size 10 → 5, batch window 0 → 2, partial failures not reported → reported): remap");
    if let Trigger::Queue { visibility_timeout, max_receives, .. } = &mut new {
        *visibility_timeout = 362;
        *max_receives = 5;
    }
    assert_snapshot!(plan_change(&old, &[new]), @"~ update  queue shop-dev-jobs (visibility timeout 180 → 362, receives 3 → 5, batch size 10 → 5, batch window 0 → 2, partial failures not reported → reported, SQS may need 60 s in between): set-queue remap");
    assert_snapshot!(plan_change(&old, &[queue("tasks")]), @"
    + create  queue shop-dev-tasks: make-queue map
    - delete  queue shop-dev-jobs: unmap delete-queue
    ");
    assert_snapshot!(plan_change(&[queue(UNMANAGED_QUEUE)], &[]), @"~ update  queue others (no longer invokes worker counter): unmap");
}

#[test]
fn queue_is_unmapped_before_it_moves_to_another_worker() {
    let before = app(&[("counter", &[queue("jobs")]), ("reporter", &[])]);
    let after = app(&[("counter", &[]), ("reporter", &[queue("jobs")])]);
    assert_snapshot!(plan(&after, &deployed(&before), false), @"~ update  queue shop-dev-jobs (worker counter → reporter): mark unmap map");
}

#[test]
fn queue_deletion_counts_messages() {
    let mut actual = deployed(&app(&[("counter", &[queue("jobs")])]));
    for queue in actual.triggers.queues.values_mut() {
        queue.messages = 12;
    }
    assert_snapshot!(plan(&app(&[("counter", &[])]), &actual, false), @"- delete  queue shop-dev-jobs (with the 12 messages in it): unmap delete-queue");
}

#[test]
fn only_empty_buckets_are_deleted() {
    let old = app(&[("counter", &[bucket("uploads", "")])]);
    let mut actual = deployed(&old);
    assert_snapshot!(plan(&app(&[("counter", &[])]), &actual, false), @"- delete  bucket shop-dev-uploads-123456789012-eu-west-1: notify delete-bucket forbid");
    for bucket in actual.triggers.buckets.values_mut() {
        bucket.is_empty = false;
    }
    assert_snapshot!(plan(&app(&[("counter", &[])]), &actual, false), @"
    ~ update  bucket shop-dev-uploads-123456789012-eu-west-1 (kept, it is not empty): notify forbid
    warning: bucket `shop-dev-uploads-123456789012-eu-west-1` is not empty and was kept: `aws s3 rb s3://shop-dev-uploads-123456789012-eu-west-1 --force` deletes it with its objects
    ");
}

#[test]
fn unmanaged_buckets_are_never_deleted() {
    let unmanaged = "arn:aws:s3:::theirs";
    assert_snapshot!(plan_change(&[bucket(unmanaged, "a/")], &[bucket(unmanaged, "b/")]), @"~ update  bucket theirs (notifications): notify");
    assert_snapshot!(plan_change(&[bucket(unmanaged, "")], &[]), @"~ update  bucket theirs (no longer invokes a worker): notify forbid");
    let one = app(&[("counter", &[bucket(unmanaged, "a/")]), ("reporter", &[])]);
    let both = app(&[("counter", &[bucket(unmanaged, "a/")]), ("reporter", &[bucket(unmanaged, "b/")])]);
    assert_snapshot!(plan(&both, &deployed(&one), false), @"~ update  bucket theirs (+reporter, notifications): mark permit notify");
    assert_snapshot!(plan(&one, &deployed(&both), false), @"~ update  bucket theirs (notifications, -reporter): notify forbid");
}

#[test]
fn partial_plan_keeps_triggers_of_other_functions() {
    let all = app_with_all_triggers();
    let one: Desired = app(&[("counter", &[])]);
    let mut actual = deployed(&all);
    actual.functions.retain(|key, _| key == "counter");
    actual.triggers.schedules.retain(|_, actual| actual.schedule.key == "counter");
    actual.triggers.schedule_roles.retain(|key, _| key == "counter");
    assert_snapshot!(plan(&one, &actual, true), @"
    ~ update  schedules shop-dev (-counter-1): delete-schedule delete-schedule-role
    ~ update  queue others (no longer invokes worker counter): unmap
    ~ update  queue shop-dev-jobs (no longer invokes worker counter): unmap
    ~ update  bucket shop-dev-uploads-123456789012-eu-west-1 (no longer invokes a worker): notify forbid
    ");
}

#[test]
fn destroy_deletes_all_triggers_and_empty_buckets() {
    let actual = deployed(&app_with_all_triggers());
    assert_snapshot!(plan(&BTreeMap::new(), &actual, false), @"
    - delete  schedules shop-dev (-counter-1, -reporter-1): delete-schedule delete-schedule delete-schedule-role delete-schedule-role delete-group
    - delete  queue shop-dev-jobs: unmap delete-queue
    ~ update  queue others (no longer invokes worker counter): unmap
    - delete  bucket shop-dev-uploads-123456789012-eu-west-1: notify delete-bucket forbid forbid
    ~ update  bucket theirs (no longer invokes a worker): notify forbid
    ");
}

#[test]
fn triggers_of_an_earlier_deploy_are_moved_to_the_alias() {
    let desired = app_with_all_triggers();
    let mut actual = deployed(&desired);
    let triggers = &mut actual.triggers;
    triggers.schedules.values_mut().for_each(|schedule| schedule.is_effective = false);
    triggers.mappings.iter_mut().for_each(|mapping| mapping.invokes_alias = false);
    for bucket in triggers.buckets.values_mut() {
        bucket.permitted_unqualified = std::mem::take(&mut bucket.permitted);
        bucket.notifications.iter_mut().for_each(|config| config.invokes_alias = false);
    }
    // A bucket may invoke the alias before it is notified, and the function until then.
    assert_snapshot!(plan(&desired, &actual, false), @"
    ~ update  schedules shop-dev (counter-1 state or target, reporter-1 state or target): set-schedule set-schedule
    ~ update  queue others (alias `live`): remap
    ~ update  queue shop-dev-jobs (alias `live`): remap
    ~ update  bucket shop-dev-uploads-123456789012-eu-west-1 (+counter, +reporter, notifications): permit permit notify forbid forbid
    ~ update  bucket theirs (+reporter, notifications): permit notify forbid
    ");
}

/// Returns a queue trigger with these keys of the manifest in addition.
fn queue_with(name: &str, keys: &serde_json::Value) -> Trigger {
    let mut entry = serde_json::json!({
        "queue": name, "batch_size": 10, "batch_window": 0, "partial_failures": false, "max_receives": 3,
        "visibility_timeout": 180
    });
    for (key, value) in keys.as_object().expect("keys") {
        entry[key] = value.clone();
    }
    serde_json::from_value(entry).expect("a trigger")
}

#[test]
fn filters_and_concurrency_update_the_mapping() {
    let filters = serde_json::json!({ "filters": [r#"{"body":{"kind":["a"]}}"#], "maximum_concurrency": 2 });
    let filtered = || queue_with("jobs", &filters);
    assert_snapshot!(plan_change(&[queue("jobs")], &[filtered()]), @"~ update  queue shop-dev-jobs (filters, maximum concurrency none → 2): remap");
    assert_snapshot!(plan_change(&[filtered()], &[queue("jobs")]), @"~ update  queue shop-dev-jobs (filters, maximum concurrency 2 → none): remap");
    // Spaces in the text of a pattern are no difference.
    let spaced = serde_json::json!({ "filters": [r#"{ "body": { "kind": ["a"] } }"#], "maximum_concurrency": 2 });
    assert_eq!(plan_change(&[filtered()], &[queue_with("jobs", &spaced)]), "");
}

#[test]
fn fifo_queue_is_another_queue() {
    let ordered = queue_with("jobs.fifo", &serde_json::json!({ "content_based_deduplication": true }));
    assert_snapshot!(plan_change(&[queue("mails")], std::slice::from_ref(&ordered)), @"
    + create  queue shop-dev-jobs.fifo: make-queue map
    - delete  queue shop-dev-mails: unmap delete-queue
    ");
    assert_snapshot!(plan_change(&[queue("jobs.fifo")], &[ordered]), @"~ update  queue shop-dev-jobs.fifo (content-based deduplication off → on): set-queue");
}

fn topic(name: &str, filter: Option<&str>) -> Trigger {
    let filter = filter.map(str::to_owned);
    Trigger::Topic { topic: name.to_owned(), filter, filter_scope: FilterScope::Attributes }
}

fn bus(name: &str, pattern: &str) -> Trigger {
    Trigger::Bus { bus: name.to_owned(), pattern: pattern.to_owned() }
}

const SHOP: &str = r#"{"source":["shop"]}"#;

#[test]
fn topics_and_rules_are_permitted_before_they_invoke() {
    let app = app(&[
        ("counter", &[topic("alerts", None), bus("default", SHOP), bus("orders", SHOP)]),
        ("reporter", &[topic("alerts", Some("{}")), topic("arn:aws:sns:eu-west-1:123456789012:theirs", None)]),
    ]);
    assert_snapshot!(plan(&app, &Actual::default(), false), @"
    + create  topic shop-dev-alerts: mark mark make-topic permit-source subscribe permit-source subscribe
    + create  topic theirs: mark permit-source subscribe
    + create  rule shop-dev-counter-1: mark permit-source put-rule put-target
    + create  rule shop-dev-counter-2: mark make-bus permit-source put-rule put-target
    ");
    assert_eq!(plan(&app, &deployed(&app), false), "");
}

#[test]
fn changed_topics_and_rules_are_updated() {
    let old = [topic("alerts", None), bus("default", SHOP)];
    let new = [topic("alerts", Some(r#"{"a":["b"]}"#)), bus("default", r#"{"source":["store"]}"#)];
    assert_snapshot!(plan_change(&old, &new), @"
    ~ update  topic shop-dev-alerts (filter of counter): set-subscription
    ~ update  rule shop-dev-counter-1 (pattern): put-rule
    ");
    assert_snapshot!(plan_change(&old, &[]), @"
    ~ update  topic shop-dev-alerts (no longer invokes a worker): unsubscribe forbid-source
    - delete  rule shop-dev-counter-1: delete-rule forbid-source
    ");
}

#[test]
fn triggers_of_functions_outside_a_partial_plan_are_kept() {
    let both =
        app(&[("counter", &[topic("alerts", None)]), ("reporter", &[topic("alerts", None), bus("default", SHOP)])]);
    let one = app(&[("counter", &[])]);
    assert_snapshot!(plan(&one, &deployed(&both), true), @"~ update  topic shop-dev-alerts (no longer invokes a worker): unsubscribe forbid-source");
}
