//! Schedules, their group, and the roles with which they invoke functions.

use aws_sdk_iam::types::Tag as RoleTag;
use aws_sdk_scheduler::types::{FlexibleTimeWindow, FlexibleTimeWindowMode, Tag, Target};

use super::super::wanted::Schedule;
use super::{Done, Hand, gone, made};
use crate::aws::{Repeat, call};
use crate::deploy::apply::{OWN_POLICY, Stop};
use crate::deploy::policy::{schedule_rights, schedule_trust};
use bedrock_diagnostics::Error;

impl Hand<'_> {
    pub(super) async fn make_group(&self) -> Done {
        let tag = |(key, value): (String, String)| Tag::builder().key(key).value(value).build();
        let tags: Result<Vec<Tag>, _> = self.pairs().into_iter().map(tag).collect();
        let tags = tags.map_err(unwritten)?;
        let request = || {
            let group = self.aws.scheduler.create_schedule_group().name(self.site.schedule_group());
            group.set_tags(Some(tags.clone())).send()
        };
        made(call(Repeat::WhenRefused, request).await)
    }

    pub(super) async fn make_role(&self, key: &str) -> Done {
        let tag = |(key, value): (String, String)| RoleTag::builder().key(key).value(value).build();
        let tags: Result<Vec<RoleTag>, _> = self.pairs().into_iter().map(tag).collect();
        let (tags, trust) = (tags.map_err(unwritten)?, schedule_trust(self.site).to_string());
        let request = || {
            let role = self.aws.iam.create_role().role_name(self.site.schedule_role(key));
            role.assume_role_policy_document(&trust).set_tags(Some(tags.clone())).send()
        };
        made(call(Repeat::WhenRefused, request).await)
    }

    pub(super) async fn trust_scheduler(&self, key: &str) -> Done {
        let (name, trust) = (self.site.schedule_role(key), schedule_trust(self.site).to_string());
        let update = || self.aws.iam.update_assume_role_policy().role_name(&name).policy_document(&trust).send();
        call(Repeat::Always, update).await?;
        Ok(())
    }

    pub(super) async fn write_rights(&self, key: &str) -> Done {
        let (name, rights) = (self.site.schedule_role(key), schedule_rights(self.site, key).to_string());
        let request = || {
            let policy = self.aws.iam.put_role_policy().role_name(&name).policy_name(OWN_POLICY);
            policy.policy_document(&rights).send()
        };
        call(Repeat::UntilThere, request).await?;
        Ok(())
    }

    pub(super) async fn make_schedule(&self, name: &str, schedule: &Schedule) -> Done {
        let (target, exactly) = (self.target(schedule)?, exactly()?);
        let request = || {
            let create = self.aws.scheduler.create_schedule().group_name(self.site.schedule_group()).name(name);
            let create = create.schedule_expression(&schedule.expression).flexible_time_window(exactly.clone());
            create.schedule_expression_timezone(&schedule.timezone).target(target.clone()).send()
        };
        made(call(Repeat::WhenRefused, request).await)
    }

    /// All of it: what is not said is not kept.
    pub(super) async fn set_schedule(&self, name: &str, schedule: &Schedule) -> Done {
        let (target, exactly) = (self.target(schedule)?, exactly()?);
        let request = || {
            let update = self.aws.scheduler.update_schedule().group_name(self.site.schedule_group()).name(name);
            let update = update.schedule_expression(&schedule.expression).flexible_time_window(exactly.clone());
            update.schedule_expression_timezone(&schedule.timezone).target(target.clone()).send()
        };
        call(Repeat::Always, request).await?;
        Ok(())
    }

    fn target(&self, schedule: &Schedule) -> Result<Target, Stop> {
        let target = Target::builder().arn(self.site.arn(&schedule.key));
        let target = target.role_arn(self.site.schedule_role_arn(&schedule.key));
        target.set_input(schedule.input.clone()).build().map_err(unwritten)
    }

    pub(super) async fn delete_schedule(&self, name: &str) -> Done {
        let delete = || self.aws.scheduler.delete_schedule().group_name(self.site.schedule_group()).name(name).send();
        gone(call(Repeat::Always, delete).await)
    }

    pub(super) async fn delete_role(&self, key: &str) -> Done {
        let (iam, name) = (&self.aws.iam, self.site.schedule_role(key));
        let own = || iam.delete_role_policy().role_name(&name).policy_name(OWN_POLICY).send();
        gone(call(Repeat::Always, own).await)?;
        gone(call(Repeat::Always, || iam.delete_role().role_name(&name).send()).await)
    }

    pub(super) async fn delete_group(&self) -> Done {
        let delete = || self.aws.scheduler.delete_schedule_group().name(self.site.schedule_group()).send();
        gone(call(Repeat::Always, delete).await)
    }
}

/// At the very minute.
fn exactly() -> Result<FlexibleTimeWindow, Stop> {
    FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().map_err(unwritten)
}

fn unwritten(error: impl std::fmt::Display) -> Stop {
    Error::call("failed to write the request").cause(error.to_string()).into()
}
