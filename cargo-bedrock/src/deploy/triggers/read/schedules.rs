//! The schedules of a stage, their group, and their roles.

use std::collections::BTreeMap;

use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput;
use aws_sdk_scheduler::types::ScheduleState;

use super::super::found::{FoundRole, FoundSchedule};
use super::super::wanted::Schedule;
use super::{Look, present};
use crate::aws::{Failure, Repeat, call};
use crate::deploy::read::role;

impl Look<'_> {
    pub(super) async fn schedules(&mut self) -> Result<(), Failure> {
        let (aws, name) = (self.aws, self.site.schedule_group());
        self.schedule_roles().await?;
        let group = call(Repeat::Always, || aws.scheduler.get_schedule_group().name(&name).send()).await;
        let Some(group) = present(group)? else { return Ok(()) };
        let arn = group.arn().unwrap_or_default();
        let tags = call(Repeat::Always, || aws.scheduler.list_tags_for_resource().resource_arn(arn).send()).await?;
        let tags: BTreeMap<String, String> =
            tags.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
        if !self.is_ours(&tags) {
            if !self.wanted.schedules.is_empty() {
                self.is_in_the_way(format!("schedule group `{name}`"), &tags);
            }
            return Ok(());
        }
        self.found.group = true;
        for schedule in self.names(&name).await? {
            let key = schedule.rsplit_once('-').map(|(key, _)| key.to_owned());
            let Some(key) = key.filter(|key| self.keys.contains(key)) else { continue };
            let found = call(Repeat::Always, || aws.scheduler.get_schedule().group_name(&name).name(&schedule).send());
            if let Some(found) = present(found.await)? {
                let found = self.schedule(key, &found);
                self.found.schedules.insert(schedule, found);
            }
        }
        Ok(())
    }

    async fn names(&self, group: &str) -> Result<Vec<String>, Failure> {
        let (mut names, mut token) = (Vec::new(), None::<String>);
        loop {
            let request = || self.aws.scheduler.list_schedules().group_name(group).set_next_token(token.clone()).send();
            let page = call(Repeat::Always, request).await?;
            names.extend(page.schedules().iter().filter_map(|schedule| schedule.name()).map(str::to_owned));
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(names);
            }
        }
    }

    fn schedule(&self, key: String, found: &GetScheduleOutput) -> FoundSchedule {
        let target = found.target();
        let sound = found.state() != Some(&ScheduleState::Disabled)
            && target.is_some_and(|target| {
                target.arn() == self.site.arn(&key) && target.role_arn() == self.site.schedule_role_arn(&key)
            });
        let schedule = Schedule {
            key,
            expression: found.schedule_expression().unwrap_or_default().to_owned(),
            timezone: found.schedule_expression_timezone().unwrap_or("UTC").to_owned(),
            input: target.and_then(|target| target.input()).map(str::to_owned),
        };
        FoundSchedule { schedule, sound }
    }

    async fn schedule_roles(&mut self) -> Result<(), Failure> {
        for key in self.keys.clone() {
            let name = self.site.schedule_role(&key);
            let Some(role) = role::named(self.aws, &name).await? else { continue };
            if self.is_ours(&role.tags) {
                self.found.roles.insert(key, FoundRole { trust: role.trust, own: role.own });
            } else {
                self.is_in_the_way(format!("role `{name}`"), &role.tags);
            }
        }
        Ok(())
    }
}
