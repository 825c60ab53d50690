//! Plans the triggers of a stage: each queue, each bucket, and all schedules together; `event_sources` plans each topic and
//! each rule, `streams` each stream. Planning does no I/O; the result is part of the plan for the stage.

use std::collections::BTreeSet;

use super::actual::{ActualBucket, ActualMapping, ActualQueue, ActualSchedule, ActualTriggers};
use super::desired::{
    AppQueue, DesiredBucket, DesiredQueue, DesiredTriggers, EventSourceMapping, NotificationConfig, Schedule,
};
use super::step::{PlannedTrigger, TriggerStep as Step};
use crate::actual::Actual;
use crate::desired::Desired;
use crate::policy::{schedule_policy, scheduler_trust_policy};
use crate::stage::{ALIAS, StageContext, arn_resource, function_label};
use crate::step::Change;
use crate::uses::AppResources;
use crate::version::change_text;

/// Plans the changes from `actual` to `desired`. A partial plan deletes nothing that other functions may need.
pub(crate) fn plan_triggers(
    stage: &StageContext,
    desired: &Desired,
    actual: &Actual,
    is_partial: bool,
) -> Vec<PlannedTrigger> {
    let planner = Planner {
        stage,
        desired: DesiredTriggers::new(stage, desired),
        actual: &actual.triggers,
        resources: &actual.resources,
        keys: desired.keys().chain(actual.functions.keys().filter(|_| !is_partial)).cloned().collect(),
        is_partial,
    };
    let mut triggers: Vec<PlannedTrigger> = planner.plan_schedules().into_iter().collect();
    triggers.extend(planner.plan_queues());
    triggers.extend(planner.plan_buckets());
    triggers.extend(planner.plan_topics());
    triggers.extend(planner.plan_rules());
    triggers.extend(planner.plan_streams());
    triggers
}

pub(super) struct Planner<'a> {
    pub(super) stage: &'a StageContext,
    pub(super) desired: DesiredTriggers,
    pub(super) actual: &'a ActualTriggers,
    /// Tables, topics, event buses and streams of the app that exist.
    pub(super) resources: &'a AppResources,
    /// Keys of the functions of this deploy. The triggers of other functions are not changed.
    pub(super) keys: BTreeSet<String>,
    /// Whether the app may have other functions.
    is_partial: bool,
}

/// The steps of one trigger so far, and their reasons.
#[derive(Debug, Default)]
pub(super) struct StepList {
    pub(super) steps: Vec<Step>,
    pub(super) reasons: Vec<String>,
}

impl StepList {
    /// Returns the plan of a trigger that is created, updated or kept. Functions in `keys` are tagged before anything else is
    /// created for them, because later deploys only look for triggers of tagged functions. Tags that are the only steps are
    /// omitted.
    pub(super) fn into_planned<'k>(
        self,
        planner: &Planner<'_>,
        resource: String,
        exists: bool,
        keys: impl IntoIterator<Item = &'k String>,
    ) -> PlannedTrigger {
        let Self { mut steps, reasons } = self;
        let change = match (exists, steps.is_empty()) {
            (_, true) => Change::Keep,
            (true, false) => Change::Update,
            (false, false) => Change::Create,
        };
        if !steps.is_empty() {
            let tagged = &planner.actual.tagged_functions;
            let is_untagged =
                |key: &&String| !tagged.contains(*key) && !steps.contains(&Step::TagFunction((*key).clone()));
            let untagged: BTreeSet<&String> = keys.into_iter().filter(is_untagged).collect();
            steps.splice(0..0, untagged.into_iter().map(|key| Step::TagFunction(key.clone())));
        }
        let reasons = if change == Change::Update { reasons } else { Vec::new() };
        PlannedTrigger { resource, change, reasons, steps, warning: None }
    }
}

/// Schedules.
impl Planner<'_> {
    /// Returns `None` if there are no schedules and nothing is left of earlier ones.
    fn plan_schedules(&self) -> Option<PlannedTrigger> {
        let desired = &self.desired.schedules;
        let actual = self.actual;
        let removed: Vec<&String> = actual
            .schedules
            .iter()
            .filter(|(name, actual)| !desired.contains_key(*name) && self.keys.contains(&actual.schedule.key))
            .map(|(name, _)| name)
            .collect();
        let keys: BTreeSet<&String> = desired.values().map(|schedule| &schedule.key).collect();
        let is_unused_role = |key: &&String| !keys.contains(key) && self.keys.contains(*key);
        let unused_roles: Vec<&String> = actual.schedule_roles.keys().filter(is_unused_role).collect();
        let is_group_unused = desired.is_empty() && actual.has_schedule_group && !self.is_partial;
        if desired.is_empty() && removed.is_empty() && unused_roles.is_empty() && !is_group_unused {
            return None;
        }
        let mut list = StepList::default();
        if !actual.has_schedule_group && !desired.is_empty() {
            list.steps.push(Step::CreateScheduleGroup);
        }
        for key in &keys {
            self.plan_schedule_role(&mut list, key);
        }
        for (name, schedule) in desired {
            plan_schedule(&mut list, name, schedule, actual.schedules.get(name));
        }
        for name in removed {
            list.steps.push(Step::DeleteSchedule(name.clone()));
            list.reasons.push(format!("-{name}"));
        }
        for key in unused_roles {
            list.steps.push(Step::DeleteScheduleRole(key.clone()));
        }
        let resource = format!("schedules {}", self.stage.schedule_group());
        if is_group_unused {
            list.steps.push(Step::DeleteScheduleGroup);
            let StepList { steps, reasons } = list;
            return Some(PlannedTrigger { resource, change: Change::Delete, reasons, steps, warning: None });
        }
        Some(list.into_planned(self, resource, actual.has_schedule_group, keys))
    }

    fn plan_schedule_role(&self, list: &mut StepList, key: &str) {
        let steps_before = list.steps.len();
        let actual = self.actual.schedule_roles.get(key);
        match actual {
            None => list.steps.push(Step::CreateScheduleRole(key.to_owned())),
            Some(role) if role.trust_policy != scheduler_trust_policy(self.stage) => {
                list.steps.push(Step::UpdateScheduleTrustPolicy(key.to_owned()));
            }
            Some(_) => {}
        }
        if let (Some(role), Some(boundary)) = (actual, &self.stage.settings.permissions_boundary)
            && role.permissions_boundary.as_ref() != Some(boundary)
        {
            list.steps.push(Step::SetSchedulePermissionsBoundary(key.to_owned(), boundary.clone()));
        }
        let inline_policy = actual.and_then(|role| role.inline_policy.as_ref());
        if inline_policy != Some(&schedule_policy(self.stage, key)) {
            list.steps.push(Step::PutSchedulePolicy(key.to_owned()));
        }
        if actual.is_some() && list.steps.len() > steps_before {
            list.reasons.push(format!("role of {key}"));
        }
    }
}

fn plan_schedule(list: &mut StepList, name: &str, desired: &Schedule, actual: Option<&ActualSchedule>) {
    let Some(actual) = actual else {
        list.steps.push(Step::CreateSchedule(name.to_owned(), desired.clone()));
        list.reasons.push(format!("+{name}"));
        return;
    };
    let old = &actual.schedule;
    let differences = [
        change_text("", &old.expression, &desired.expression),
        change_text("time zone", &old.timezone, &desired.timezone),
        (old.input != desired.input).then(|| "event".to_owned()),
        (!actual.is_effective).then(|| "state or target".to_owned()),
    ];
    let differences: Vec<String> = differences.into_iter().flatten().collect();
    if !differences.is_empty() {
        list.steps.push(Step::UpdateSchedule(name.to_owned(), desired.clone()));
        let texts: Vec<&str> = differences.iter().map(|text| text.trim()).collect();
        list.reasons.push(format!("{name} {}", texts.join(", ")));
    }
}

/// Queues.
impl Planner<'_> {
    fn plan_queues(&self) -> Vec<PlannedTrigger> {
        let desired = self.desired.queues.iter().map(|(arn, queue)| self.plan_queue(arn, queue));
        let is_removed = |name: &String| !self.desired.queues.contains_key(&self.stage.queue_arn(name));
        let removed = self.actual.queues.iter().filter(|(name, _)| !self.is_partial && is_removed(name));
        let deletions = removed.map(|(name, actual)| self.plan_queue_deletion(name, actual));
        desired.chain(deletions).chain(self.plan_mapping_deletions()).collect()
    }

    fn plan_queue(&self, arn: &str, desired: &DesiredQueue) -> PlannedTrigger {
        let mut list = StepList::default();
        let mut exists = true;
        if let Some(app_queue) = &desired.app_queue {
            match self.actual.queues.get(&app_queue.name) {
                None => {
                    exists = false;
                    list.steps.push(Step::CreateQueue(app_queue.clone()));
                }
                Some(actual) if desired.mapping.is_some() => plan_queue_attributes(&mut list, app_queue, actual),
                // A partial plan does not know whether the queue is one of a trigger, which has other attributes.
                Some(_) => {}
            }
        }
        let Some(mapping) = desired.mapping.clone() else {
            // The queue of a trigger that was removed: `destroy` finds queues only with the tag of a function.
            let is_tagged = self.is_partial || self.actual.tagged_functions.contains(&desired.key);
            if list.steps.is_empty() && !is_tagged {
                list.steps.push(Step::TagFunction(desired.key.clone()));
                list.reasons.push(format!("used by {}", function_label(&desired.key).replace('`', "")));
            }
            return list.into_planned(self, format!("queue {}", arn_resource(arn)), exists, [&desired.key]);
        };
        let mappings = || self.actual.mappings.iter().filter(|actual| actual.queue_arn == arn);
        // Mappings of other workers are deleted first: two workers would share the messages of the queue.
        for other in mappings().filter(|actual| actual.key != desired.key) {
            list.steps.push(Step::DeleteMapping(other.id.clone()));
            list.reasons.push(format!("worker {} → {}", other.key, desired.key));
        }
        match mappings().find(|actual| actual.key == desired.key) {
            None => {
                exists &= desired.app_queue.is_some();
                list.steps.push(Step::CreateMapping { key: desired.key.clone(), queue_arn: arn.to_owned(), mapping });
                if list.reasons.is_empty() {
                    list.reasons.push(format!("worker {}", desired.key));
                }
            }
            Some(actual) => {
                let differences = mapping_differences(actual, &mapping);
                if !differences.is_empty() {
                    let old = actual.mapping.clone();
                    let step = Step::UpdateMapping { id: actual.id.clone(), key: desired.key.clone(), mapping, old };
                    list.steps.push(step);
                    list.reasons.extend(differences);
                }
            }
        }
        // Lambda compares the timeouts when a mapping is changed, with what SQS shows at that moment.
        let waits = |step: &Step| matches!(step, Step::CreateMapping { .. } | Step::UpdateMapping { .. });
        let is_changed = list.reasons.iter().any(|reason| reason.starts_with("visibility timeout"));
        if is_changed && list.steps.iter().any(waits) {
            list.reasons.push("SQS may need 60 s in between".to_owned());
        }
        list.into_planned(self, format!("queue {}", arn_resource(arn)), exists, [&desired.key])
    }

    fn plan_queue_deletion(&self, name: &str, actual: &ActualQueue) -> PlannedTrigger {
        let arn = self.stage.queue_arn(name);
        let mappings = self.actual.mappings.iter().filter(|mapping| mapping.queue_arn == arn);
        let mut steps: Vec<Step> = mappings.map(|mapping| Step::DeleteMapping(mapping.id.clone())).collect();
        steps.push(Step::DeleteQueue(name.to_owned()));
        let reasons = match actual.messages {
            0 => Vec::new(),
            1 => vec!["with the 1 message in it".to_owned()],
            count => vec![format!("with the {count} messages in it")],
        };
        PlannedTrigger { resource: format!("queue {name}"), change: Change::Delete, reasons, steps, warning: None }
    }

    /// Deletes the mappings of queues that are kept but no longer invoke our functions: queues that the deploy did not
    /// create, or any queue if the plan is partial.
    fn plan_mapping_deletions(&self) -> impl Iterator<Item = PlannedTrigger> {
        let is_obsolete = |actual: &&ActualMapping| {
            let is_queue_deleted = !self.is_partial
                && self.actual.queues.contains_key(arn_resource(&actual.queue_arn))
                && !self.desired.queues.contains_key(&actual.queue_arn);
            let is_desired = self.desired.queues.get(&actual.queue_arn).is_some_and(|queue| queue.mapping.is_some());
            self.keys.contains(&actual.key) && !is_desired && !is_queue_deleted
        };
        self.actual.mappings.iter().filter(is_obsolete).map(|actual| PlannedTrigger {
            resource: format!("queue {}", arn_resource(&actual.queue_arn)),
            change: Change::Update,
            reasons: vec![format!("no longer invokes worker {}", actual.key)],
            steps: vec![Step::DeleteMapping(actual.id.clone())],
            warning: None,
        })
    }
}

fn plan_queue_attributes(list: &mut StepList, desired: &AppQueue, actual: &ActualQueue) {
    let receives_text = |count: Option<i32>| count.map_or("none".to_owned(), |count| count.to_string());
    let old_receives = receives_text(actual.max_receives);
    let new_receives = receives_text(Some(desired.max_receives));
    let differences = [
        change_text("visibility timeout", &actual.visibility_timeout_seconds, &desired.visibility_timeout_seconds),
        change_text("receives", &old_receives, &new_receives),
        change_text(
            "content-based deduplication",
            &on_or_off(actual.content_based_deduplication),
            &on_or_off(desired.content_based_deduplication),
        ),
    ];
    if differences.iter().any(Option::is_some) {
        list.steps.push(Step::UpdateQueue(desired.clone()));
        list.reasons.extend(differences.into_iter().flatten());
    }
}

fn on_or_off(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

fn mapping_differences(actual: &ActualMapping, desired: &EventSourceMapping) -> Vec<String> {
    let old = &actual.mapping;
    let failures_text = |is_reported: bool| if is_reported { "reported" } else { "not reported" };
    let old_failures = failures_text(old.reports_partial_failures);
    let new_failures = failures_text(desired.reports_partial_failures);
    let limit_text =
        |mapping: &EventSourceMapping| mapping.maximum_concurrency.map_or("none".to_owned(), |count| count.to_string());
    let differences = [
        change_text("batch size", &old.batch_size, &desired.batch_size),
        change_text("batch window", &old.batch_window_seconds, &desired.batch_window_seconds),
        change_text("partial failures", &old_failures, &new_failures),
        (old.filters != desired.filters).then(|| "filters".to_owned()),
        change_text("maximum concurrency", &limit_text(old), &limit_text(desired)),
        (!actual.is_enabled).then(|| "disabled".to_owned()),
        (!actual.invokes_alias).then(|| format!("alias `{ALIAS}`")),
    ];
    differences.into_iter().flatten().collect()
}

/// Buckets.
impl Planner<'_> {
    fn plan_buckets(&self) -> Vec<PlannedTrigger> {
        let nothing = ActualBucket::default();
        let actual = |name: &String| self.actual.buckets.get(name).unwrap_or(&nothing);
        let desired = self.desired.buckets.iter().map(|(name, bucket)| self.plan_bucket(name, bucket, actual(name)));
        let removed = self.actual.buckets.iter().filter(|(name, _)| !self.desired.buckets.contains_key(*name));
        desired.chain(removed.filter_map(|(name, actual)| self.plan_bucket_removal(name, actual))).collect()
    }

    /// Returns the notifications to functions of this deploy.
    fn notifications(&self, actual: &ActualBucket) -> Vec<NotificationConfig> {
        actual.notifications.iter().filter(|config| self.keys.contains(&config.key)).cloned().collect()
    }

    fn plan_bucket(&self, name: &str, desired: &DesiredBucket, actual: &ActualBucket) -> PlannedTrigger {
        let mut list = StepList::default();
        let keys: BTreeSet<&String> = desired.notifications.iter().map(|config| &config.key).collect();
        for key in keys.iter().filter(|key| !actual.permitted.contains(**key)) {
            list.steps.push(Step::AddBucketPermission { key: (*key).clone(), bucket: name.to_owned() });
            list.reasons.push(format!("+{key}"));
        }
        // A bucket without our tags was created by a deploy that stopped before it could tag it.
        if desired.is_app_bucket && !(actual.exists && actual.is_app_bucket) {
            list.steps.push(Step::CreateBucket(name.to_owned()));
        }
        if self.notifications(actual) != desired.notifications {
            list.steps.push(self.put_notifications(name, &desired.notifications));
            list.reasons.push("notifications".to_owned());
        }
        let is_revoked = |key: &&String| !keys.contains(key) && self.keys.contains(*key);
        for key in actual.permitted.iter().filter(is_revoked) {
            list.steps.push(remove_permission(name, key, Some(ALIAS)));
            list.reasons.push(format!("-{key}"));
        }
        for key in actual.permitted_unqualified.iter().filter(|key| self.keys.contains(*key)) {
            list.steps.push(remove_permission(name, key, None));
            list.reasons.extend((!keys.contains(key)).then(|| format!("-{key}")));
        }
        let is_permitted = !actual.permitted.is_empty() || !actual.permitted_unqualified.is_empty();
        let exists = if desired.is_app_bucket { actual.exists } else { is_permitted };
        list.into_planned(self, format!("bucket {name}"), exists, keys)
    }

    /// Plans a bucket that no longer invokes functions of this deploy. A bucket of the app is deleted if it is empty.
    fn plan_bucket_removal(&self, name: &str, actual: &ActualBucket) -> Option<PlannedTrigger> {
        let mut steps = Vec::new();
        if actual.exists && !self.notifications(actual).is_empty() {
            steps.push(self.put_notifications(name, &[]));
        }
        let is_ours = actual.is_app_bucket && actual.exists && !self.is_partial;
        let is_emptied = self.actual.empties_buckets && !actual.is_empty;
        if is_ours && is_emptied {
            steps.push(Step::EmptyBucket(name.to_owned()));
        }
        if is_ours && (actual.is_empty || is_emptied) {
            steps.push(Step::DeleteBucket(name.to_owned()));
        }
        for (permitted, qualifier) in [(&actual.permitted, Some(ALIAS)), (&actual.permitted_unqualified, None)] {
            let permitted = permitted.iter().filter(|key| self.keys.contains(*key));
            steps.extend(permitted.map(|key| remove_permission(name, key, qualifier)));
        }
        if steps.is_empty() {
            return None;
        }
        let mut warning = None;
        let (change, reasons) = match (is_ours, actual.is_empty) {
            (true, true) => (Change::Delete, Vec::new()),
            (true, false) if is_emptied => (Change::Delete, vec!["with its objects".to_owned()]),
            (true, false) => {
                warning = Some(format!(
                    "bucket `{name}` is not empty and was kept: `aws s3 rb s3://{name} --force` deletes it with its objects"
                ));
                (Change::Update, vec!["kept, it is not empty".to_owned()])
            }
            (false, _) => (Change::Update, vec!["no longer invokes a worker".to_owned()]),
        };
        Some(PlannedTrigger { resource: format!("bucket {name}"), change, reasons, steps, warning })
    }

    fn put_notifications(&self, bucket: &str, notifications: &[NotificationConfig]) -> Step {
        Step::PutNotifications {
            bucket: bucket.to_owned(),
            keys: self.keys.iter().cloned().collect(),
            notifications: notifications.to_vec(),
        }
    }
}

fn remove_permission(bucket: &str, key: &str, qualifier: Option<&'static str>) -> Step {
    Step::RemoveBucketPermission { key: key.to_owned(), bucket: bucket.to_owned(), qualifier }
}

#[cfg(test)]
mod tests;
