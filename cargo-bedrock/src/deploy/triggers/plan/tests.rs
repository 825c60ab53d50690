//! Tables of the triggers that there are and that are wanted, and the steps between them.

use std::collections::BTreeMap;

use insta::assert_snapshot;

use super::super::found::{FoundBucket, FoundMapping, FoundQueue, FoundRole, FoundSchedule, FoundTriggers};
use super::super::step::TriggerStep;
use crate::deploy::actual::Actual;
use crate::deploy::desired::{Desired, Function};
use crate::deploy::example::{found, site, wanted};
use crate::deploy::manifest::{ObjectEvent, Trigger};
use crate::deploy::plan::Plan;
use crate::deploy::policy::{schedule_rights, schedule_trust};
use crate::deploy::shown;

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
    }
}

fn bucket(name: &str, prefix: &str) -> Trigger {
    let events = vec![ObjectEvent::Created];
    Trigger::Bucket { bucket: name.to_owned(), prefix: prefix.to_owned(), suffix: String::new(), events }
}

fn app(workers: &[(&str, &[Trigger])]) -> Desired {
    let worker = |(key, triggers): &(&str, &[Trigger])| {
        ((*key).to_owned(), Function { triggers: triggers.to_vec(), ..wanted(key) })
    };
    workers.iter().map(worker).collect()
}

/// What there is when `desired` was deployed, its functions included.
fn deployed(desired: &Desired) -> Actual {
    let functions = desired.iter().map(|(key, wanted)| (key.clone(), found(key, wanted))).collect();
    let wanted = super::wanted(&site(), desired);
    let mut triggers = FoundTriggers {
        marked: desired.iter().filter(|(_, each)| !each.triggers.is_empty()).map(|(key, _)| key.clone()).collect(),
        group: !wanted.schedules.is_empty(),
        ..FoundTriggers::default()
    };
    for (name, schedule) in wanted.schedules {
        let role = FoundRole { trust: schedule_trust(&site()), own: Some(schedule_rights(&site(), &schedule.key)) };
        triggers.roles.insert(schedule.key.clone(), role);
        triggers.schedules.insert(name, FoundSchedule { schedule, sound: true });
    }
    for (arn, queue) in wanted.queues {
        let id = format!("mapping of {arn}");
        let mapping = FoundMapping { id, key: queue.key, queue_arn: arn, mapping: queue.mapping, enabled: true };
        triggers.mappings.push(mapping);
        if let Some(own) = queue.own {
            let (visibility_timeout, max_receives) = (own.visibility_timeout, Some(own.max_receives));
            triggers.queues.insert(own.name, FoundQueue { visibility_timeout, max_receives, messages: 0 });
        }
    }
    for (name, bucket) in wanted.buckets {
        let permitted = bucket.notices.iter().map(|notice| notice.key.clone()).collect();
        let found = FoundBucket { exists: true, own: bucket.own, empty: true, notices: bucket.notices, permitted };
        triggers.buckets.insert(name, found);
    }
    Actual { functions, triggers, ..Actual::default() }
}

/// The lines of the plan for triggers, with their steps.
fn told(desired: &Desired, actual: &Actual, some: bool) -> String {
    let plan = Plan::of(&site(), desired, actual, some);
    let lines = shown(&site(), &plan);
    let mut text = String::new();
    for planned in plan.trigger_changes() {
        let line = lines.lines().find(|line| line.contains(&planned.what)).unwrap_or_default();
        let steps: Vec<&str> = planned.steps.iter().map(TriggerStep::id).collect();
        let warning = planned.warning.as_ref().map_or(String::new(), |warning| format!("warning: {warning}\n"));
        text += &[line, ": ", &steps.join(" "), "\n", &warning].concat();
    }
    text
}

const OTHERS: &str = "arn:aws:sqs:eu-west-1:123456789012:others";

fn each_kind() -> Desired {
    app(&[
        ("counter", &[schedule("rate(5 minutes)"), queue("jobs"), queue(OTHERS), bucket("uploads", "a/")]),
        ("reporter", &[schedule("rate(1 hour)"), bucket("uploads", "b/"), bucket("arn:aws:s3:::theirs", "")]),
    ])
}

#[test]
fn a_new_app_gets_its_triggers_and_functions_are_marked_first() {
    assert_snapshot!(told(&each_kind(), &Actual::default(), false), @"
    + create  schedules shop-dev: mark mark make-group make-schedule-role write-schedule-rights make-schedule-role write-schedule-rights make-schedule make-schedule
    + create  queue others: mark map
    + create  queue shop-dev-jobs: mark make-queue map
    + create  bucket shop-dev-uploads-123456789012-eu-west-1: mark mark permit permit make-bucket notify
    + create  bucket theirs: mark permit notify
    ");
}

#[test]
fn what_is_as_it_was_built_stays() {
    let app = each_kind();
    assert_eq!(told(&app, &deployed(&app), false), "");
    let plan = Plan::of(&site(), &app, &deployed(&app), false);
    assert!(plan.is_empty());
}

#[test]
fn an_app_without_triggers_has_nothing_planned_about_them() {
    let app = app(&[("counter", &[])]);
    assert!(Plan::of(&site(), &app, &deployed(&app), false).triggers.is_empty());
}

/// A deployed app with the first triggers, and the plan to the second ones.
fn changed(old: &[Trigger], new: &[Trigger]) -> String {
    told(&app(&[("counter", new)]), &deployed(&app(&[("counter", old)])), false)
}

#[test]
fn what_changes_of_a_schedule_is_told() {
    let old = [schedule("rate(5 minutes)")];
    assert_snapshot!(changed(&old, &[schedule("rate(1 hour)")]), @"~ update  schedules shop-dev (counter-1 rate(5 minutes) → rate(1 hour)): set-schedule");
    let zone = Trigger::Schedule {
        schedule: "rate(5 minutes)".to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        event: Some("{}".to_owned()),
    };
    assert_snapshot!(changed(&old, &[zone]), @"~ update  schedules shop-dev (counter-1 time zone UTC → Europe/Berlin, event): set-schedule");
    let two = [schedule("rate(5 minutes)"), schedule("rate(1 day)")];
    assert_snapshot!(changed(&old, &two), @"~ update  schedules shop-dev (+counter-2): make-schedule");
    assert_snapshot!(changed(&two, &old), @"~ update  schedules shop-dev (-counter-2): delete-schedule");
    assert_snapshot!(changed(&old, &[]), @"- delete  schedules shop-dev (-counter-1): delete-schedule delete-schedule-role delete-group");
}

#[test]
fn a_schedule_or_role_that_somebody_changed_is_set_right() {
    let app = app(&[("counter", &[schedule("rate(5 minutes)")])]);
    let mut actual = deployed(&app);
    for schedule in actual.triggers.schedules.values_mut() {
        schedule.sound = false;
    }
    for role in actual.triggers.roles.values_mut() {
        role.own = None;
    }
    assert_snapshot!(told(&app, &actual, false), @"~ update  schedules shop-dev (role of counter, counter-1 what it does): write-schedule-rights set-schedule");
}

#[test]
fn what_changes_of_a_queue_is_told() {
    let (old, mut new) = ([queue("jobs")], queue("jobs"));
    if let Trigger::Queue { batch_size, batch_window, partial_failures, .. } = &mut new {
        (*batch_size, *batch_window, *partial_failures) = (5, 2, true);
    }
    assert_snapshot!(changed(&old, std::slice::from_ref(&new)), @"~ update  queue shop-dev-jobs (batch size 10 → 5, batch window 0 → 2, partial failures not told → told): remap");
    if let Trigger::Queue { visibility_timeout, max_receives, .. } = &mut new {
        (*visibility_timeout, *max_receives) = (362, 5);
    }
    assert_snapshot!(changed(&old, &[new]), @"~ update  queue shop-dev-jobs (visibility timeout 180 → 362, receives 3 → 5, batch size 10 → 5, batch window 0 → 2, partial failures not told → told): set-queue remap");
    assert_snapshot!(changed(&old, &[queue("tasks")]), @"
    + create  queue shop-dev-tasks: make-queue map
    - delete  queue shop-dev-jobs: unmap delete-queue
    ");
    assert_snapshot!(changed(&[queue(OTHERS)], &[]), @"~ update  queue others (no longer worker counter): unmap");
}

#[test]
fn a_queue_that_another_worker_takes_over_is_let_go_of_first() {
    let before = app(&[("counter", &[queue("jobs")]), ("reporter", &[])]);
    let after = app(&[("counter", &[]), ("reporter", &[queue("jobs")])]);
    assert_snapshot!(told(&after, &deployed(&before), false), @"~ update  queue shop-dev-jobs (worker counter → reporter): mark unmap map");
}

#[test]
fn messages_that_are_lost_with_a_queue_are_counted() {
    let mut actual = deployed(&app(&[("counter", &[queue("jobs")])]));
    for queue in actual.triggers.queues.values_mut() {
        queue.messages = 12;
    }
    assert_snapshot!(told(&app(&[("counter", &[])]), &actual, false), @"- delete  queue shop-dev-jobs (with the 12 messages in it): unmap delete-queue");
}

#[test]
fn a_bucket_goes_if_it_is_empty_and_stays_if_it_is_not() {
    let old = app(&[("counter", &[bucket("uploads", "")])]);
    let mut actual = deployed(&old);
    assert_snapshot!(told(&app(&[("counter", &[])]), &actual, false), @"- delete  bucket shop-dev-uploads-123456789012-eu-west-1: notify delete-bucket forbid");
    for bucket in actual.triggers.buckets.values_mut() {
        bucket.empty = false;
    }
    assert_snapshot!(told(&app(&[("counter", &[])]), &actual, false), @"
    ~ update  bucket shop-dev-uploads-123456789012-eu-west-1 (stays, it is not empty): notify forbid
    warning: bucket `shop-dev-uploads-123456789012-eu-west-1` is not empty and stays: `aws s3 rb s3://shop-dev-uploads-123456789012-eu-west-1 --force` deletes it with all that is in it
    ");
}

#[test]
fn what_changes_of_a_bucket_is_told_and_others_buckets_are_never_deleted() {
    let theirs = "arn:aws:s3:::theirs";
    assert_snapshot!(changed(&[bucket(theirs, "a/")], &[bucket(theirs, "b/")]), @"~ update  bucket theirs (what it tells of): notify");
    assert_snapshot!(changed(&[bucket(theirs, "")], &[]), @"~ update  bucket theirs (invokes nobody any more): notify forbid");
    let one = app(&[("counter", &[bucket(theirs, "a/")]), ("reporter", &[])]);
    let both = app(&[("counter", &[bucket(theirs, "a/")]), ("reporter", &[bucket(theirs, "b/")])]);
    assert_snapshot!(told(&both, &deployed(&one), false), @"~ update  bucket theirs (+reporter, what it tells of): mark permit notify");
    assert_snapshot!(told(&one, &deployed(&both), false), @"~ update  bucket theirs (what it tells of, -reporter): notify forbid");
}

#[test]
fn a_deploy_of_some_functions_leaves_the_triggers_of_others_and_deletes_none() {
    let all = each_kind();
    let one: Desired = app(&[("counter", &[])]);
    let mut actual = deployed(&all);
    actual.functions.retain(|key, _| key == "counter");
    actual.triggers.schedules.retain(|_, found| found.schedule.key == "counter");
    actual.triggers.roles.retain(|key, _| key == "counter");
    assert_snapshot!(told(&one, &actual, true), @"
    ~ update  schedules shop-dev (-counter-1): delete-schedule delete-schedule-role
    ~ update  queue others (no longer worker counter): unmap
    ~ update  queue shop-dev-jobs (no longer worker counter): unmap
    ~ update  bucket shop-dev-uploads-123456789012-eu-west-1 (invokes nobody any more): notify forbid
    ");
}

#[test]
fn with_the_stage_everything_goes_and_no_bucket_with_something_in_it() {
    let actual = deployed(&each_kind());
    assert_snapshot!(told(&BTreeMap::new(), &actual, false), @"
    - delete  schedules shop-dev (-counter-1, -reporter-1): delete-schedule delete-schedule delete-schedule-role delete-schedule-role delete-group
    - delete  queue shop-dev-jobs: unmap delete-queue
    ~ update  queue others (no longer worker counter): unmap
    - delete  bucket shop-dev-uploads-123456789012-eu-west-1: notify delete-bucket forbid forbid
    ~ update  bucket theirs (invokes nobody any more): notify forbid
    ");
}
