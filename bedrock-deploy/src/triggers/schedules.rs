//! Applies the steps of schedules.

use std::time::{Duration, SystemTime};

use aws_sdk_iam::types::Tag as RoleTag;
use aws_sdk_scheduler::types::{
    FlexibleTimeWindow, FlexibleTimeWindowMode, ScheduleGroupState, Tag as ScheduleTag, Target,
};

use super::apply::{DELETION_POLL_INTERVAL, MAX_DELETION_POLLS, StepContext, still_deleting};
use super::desired::Schedule;
use crate::apply::context::{StepError, StepResult};
use crate::aws::{AwsError, Idempotency, call, ok_if_exists, optional, timestamp};
use crate::policy::{schedule_policy, scheduler_trust_policy};
use crate::stage::INLINE_POLICY;

/// How much the first time zone of the world is ahead of UTC.
const FIRST_TIME_ZONE: Duration = Duration::from_secs(14 * 3_600);

/// Schedules, their group, and the roles with which they invoke functions.
impl StepContext<'_> {
    pub(super) async fn create_schedule_group(&self) -> StepResult {
        let tags = self.stage.all_tags().into_iter();
        let tags: Result<Vec<ScheduleTag>, _> =
            tags.map(|(key, value)| ScheduleTag::builder().key(key).value(value).build()).collect();
        let tags = tags.map_err(|error| StepError::invalid_request(&error))?;
        let request = || {
            let group = self.aws.scheduler.create_schedule_group().name(self.stage.schedule_group());
            group.set_tags(Some(tags.clone())).send()
        };
        for _ in 0..MAX_DELETION_POLLS {
            match call(Idempotency::NotIdempotent, &request).await {
                Err(error) if error.already_exists() && self.is_schedule_group_deleting().await? => {
                    tokio::time::sleep(DELETION_POLL_INTERVAL).await;
                }
                created => return Ok(ok_if_exists(created)?),
            }
        }
        Err(still_deleting("the old schedule group"))
    }

    async fn is_schedule_group_deleting(&self) -> Result<bool, AwsError> {
        let request = || self.aws.scheduler.get_schedule_group().name(self.stage.schedule_group()).send();
        let group = optional(call(Idempotency::Idempotent, request).await)?;
        // A group that is not found any more was deleted a moment ago, and can be created.
        Ok(group.is_none_or(|group| group.state() == Some(&ScheduleGroupState::Deleting)))
    }

    pub(super) async fn delete_schedule_group(&self) -> StepResult {
        let request = || self.aws.scheduler.delete_schedule_group().name(self.stage.schedule_group()).send();
        optional(call(Idempotency::Idempotent, request).await)?;
        Ok(())
    }

    pub(super) async fn create_schedule_role(&self, key: &str) -> StepResult {
        let tags = self.stage.all_tags().into_iter();
        let tags: Result<Vec<RoleTag>, _> =
            tags.map(|(key, value)| RoleTag::builder().key(key).value(value).build()).collect();
        let tags = tags.map_err(|error| StepError::invalid_request(&error))?;
        let trust_policy = scheduler_trust_policy(self.stage).to_string();
        let request = || {
            let role = self.aws.iam.create_role().role_name(self.stage.schedule_role_name(key));
            let role = role.path(self.stage.role_path());
            let role = role.set_permissions_boundary(self.stage.settings.permissions_boundary.clone());
            role.assume_role_policy_document(&trust_policy).set_tags(Some(tags.clone())).send()
        };
        Ok(ok_if_exists(call(Idempotency::NotIdempotent, request).await)?)
    }

    pub(super) async fn update_schedule_trust_policy(&self, key: &str) -> StepResult {
        let name = self.stage.schedule_role_name(key);
        let trust_policy = scheduler_trust_policy(self.stage).to_string();
        let request = || {
            let update = self.aws.iam.update_assume_role_policy().role_name(&name);
            update.policy_document(&trust_policy).send()
        };
        call(Idempotency::Idempotent, request).await?;
        Ok(())
    }

    pub(super) async fn put_schedule_policy(&self, key: &str) -> StepResult {
        let name = self.stage.schedule_role_name(key);
        let document = schedule_policy(self.stage, key).to_string();
        let request = || {
            let policy = self.aws.iam.put_role_policy().role_name(&name).policy_name(INLINE_POLICY);
            policy.policy_document(&document).send()
        };
        call(Idempotency::EventuallyConsistent, request).await?;
        Ok(())
    }

    pub(super) async fn delete_schedule_role(&self, key: &str) -> StepResult {
        let iam = &self.aws.iam;
        let name = self.stage.schedule_role_name(key);
        let delete_policy = || iam.delete_role_policy().role_name(&name).policy_name(INLINE_POLICY).send();
        optional(call(Idempotency::Idempotent, delete_policy).await)?;
        optional(call(Idempotency::Idempotent, || iam.delete_role().role_name(&name).send()).await)?;
        Ok(())
    }

    pub(super) async fn create_schedule(&self, name: &str, schedule: &Schedule) -> StepResult {
        let target = self.schedule_target(schedule).await?;
        let window = no_time_window()?;
        let request = || {
            let create = self.aws.scheduler.create_schedule().group_name(self.stage.schedule_group()).name(name);
            let create = create.schedule_expression(&schedule.expression).flexible_time_window(window.clone());
            create.schedule_expression_timezone(&schedule.timezone).target(target.clone()).send()
        };
        match ok_if_exists(call(Idempotency::NotIdempotent, request).await) {
            // AWS does not say whether it accepts a moment that has passed. A new stage must not fail because of it.
            Err(error)
                if error.has_code("ValidationException") && has_passed(&schedule.expression, SystemTime::now()) =>
            {
                let Schedule { key, expression, timezone, .. } = schedule;
                self.observer.warning(&format!(
                    "schedule `{name}` of worker `{key}` is not created: `{expression}` in {timezone} has passed; remove the trigger"
                ));
                Ok(())
            }
            created => Ok(created?),
        }
    }

    /// Sends all settings: Scheduler resets those that a request does not contain.
    pub(super) async fn update_schedule(&self, name: &str, schedule: &Schedule) -> StepResult {
        let target = self.schedule_target(schedule).await?;
        let window = no_time_window()?;
        let request = || {
            let update = self.aws.scheduler.update_schedule().group_name(self.stage.schedule_group()).name(name);
            let update = update.schedule_expression(&schedule.expression).flexible_time_window(window.clone());
            update.schedule_expression_timezone(&schedule.timezone).target(target.clone()).send()
        };
        call(Idempotency::Idempotent, request).await?;
        Ok(())
    }

    async fn schedule_target(&self, schedule: &Schedule) -> Result<Target, StepError> {
        // A role of an earlier deploy keeps its path.
        let name = self.stage.schedule_role_name(&schedule.key);
        let role = call(Idempotency::EventuallyConsistent, || self.aws.iam.get_role().role_name(&name).send()).await?;
        let role = role.role().map(|role| role.arn().to_owned());
        let target = Target::builder().arn(self.stage.live_arn(&schedule.key));
        let target = target.role_arn(role.unwrap_or_else(|| self.stage.schedule_role_arn(&schedule.key)));
        target.set_input(schedule.input.clone()).build().map_err(|error| StepError::invalid_request(&error))
    }

    pub(super) async fn delete_schedule(&self, name: &str) -> StepResult {
        let request = || {
            let delete = self.aws.scheduler.delete_schedule().group_name(self.stage.schedule_group());
            delete.name(name).send()
        };
        optional(call(Idempotency::Idempotent, request).await)?;
        Ok(())
    }
}

/// Returns whether the moment of an expression `at(…)` has passed in some time zone.
fn has_passed(expression: &str, now: SystemTime) -> bool {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default() + FIRST_TIME_ZONE;
    let now = timestamp(i64::try_from(now.as_millis()).unwrap_or(i64::MAX));
    let moment = expression.strip_prefix("at(").and_then(|rest| rest.strip_suffix(')'));
    moment.is_some_and(|moment| moment < now.as_str())
}

/// Makes Scheduler invoke exactly at the scheduled minute.
fn no_time_window() -> Result<FlexibleTimeWindow, StepError> {
    let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build();
    window.map_err(|error| StepError::invalid_request(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_passed_in_the_first_time_zone() {
        // 2025-11-25T09:54:55Z, which is 23:54:55 in the first time zone.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_764_064_495);
        assert!(has_passed("at(2020-01-01T00:00:00)", now) && has_passed("at(2025-11-25T23:54:54)", now));
        assert!(!has_passed("at(2025-11-25T23:54:56)", now) && !has_passed("rate(5 minutes)", now));
    }
}
