//! Applies the steps of topics and rules.

use aws_sdk_eventbridge::types::{RuleState, Tag, Target};
use bedrock_diagnostics::Error;

use super::super::apply::StepContext;
use super::super::desired::{DesiredRule, SubscriptionFilter};
use super::rule_of_arn;
use crate::apply::context::{StepError, StepResult};
use crate::aws::{Idempotency, call, optional};
use crate::permissions;
use crate::stage::{ALIAS, event_statement_id};

/// The id of the only target of a rule.
const TARGET_ID: &str = "worker";
/// A filter policy that accepts all messages.
const NO_FILTER: &str = "{}";

fn scope(filter: &SubscriptionFilter) -> &'static str {
    if filter.is_of_body { "MessageBody" } else { "MessageAttributes" }
}

/// What topics and rules have in common.
impl StepContext<'_> {
    pub(in super::super) async fn add_source_permission(&self, key: &str, source_arn: &str) -> StepResult {
        let principal = if source_arn.split(':').nth(2) == Some("sns") { "sns" } else { "events" };
        let permission = self.aws.lambda.add_permission().qualifier(ALIAS);
        let permission = permission.statement_id(event_statement_id(source_arn)).action("lambda:InvokeFunction");
        let permission = permission.principal(format!("{principal}.amazonaws.com")).source_arn(source_arn);
        Ok(permissions::add_statement(self.aws, &self.stage.function_name(key), &permission).await?)
    }

    pub(in super::super) async fn remove_source_permission(&self, key: &str, source_arn: &str) -> StepResult {
        let permission = self.aws.lambda.remove_permission().statement_id(event_statement_id(source_arn));
        let permission = permission.qualifier(ALIAS);
        Ok(permissions::remove_statement(self.aws, &self.stage.function_name(key), &permission).await?)
    }
}

/// Topics.
impl StepContext<'_> {
    pub(in super::super) async fn subscribe(
        &self,
        key: &str,
        topic_arn: &str,
        filter: &SubscriptionFilter,
    ) -> StepResult {
        let live_arn = self.stage.live_arn(key);
        let request = || {
            let subscribe = self.aws.sns.subscribe().topic_arn(topic_arn).protocol("lambda").endpoint(&live_arn);
            match &filter.policy {
                Some(policy) => {
                    let subscribe = subscribe.attributes("FilterPolicyScope", scope(filter));
                    subscribe.attributes("FilterPolicy", policy.to_string()).send()
                }
                None => subscribe.send(),
            }
        };
        call(Idempotency::Idempotent, request).await?;
        Ok(())
    }

    /// A policy for bodies may not be valid for attributes, but one for attributes is always valid for bodies.
    pub(in super::super) async fn set_subscription_filter(&self, arn: &str, filter: &SubscriptionFilter) -> StepResult {
        let policy = filter.policy.as_ref().map_or(NO_FILTER.to_owned(), ToString::to_string);
        let mut attributes = [("FilterPolicyScope", scope(filter).to_owned()), ("FilterPolicy", policy)];
        if !filter.is_of_body {
            attributes.reverse();
        }
        for (name, value) in attributes {
            let request = || {
                let set = self.aws.sns.set_subscription_attributes().subscription_arn(arn);
                set.attribute_name(name).attribute_value(&value).send()
            };
            call(Idempotency::Idempotent, request).await?;
        }
        Ok(())
    }

    pub(in super::super) async fn unsubscribe(&self, arn: &str) -> StepResult {
        let request = || self.aws.sns.unsubscribe().subscription_arn(arn).send();
        optional(call(Idempotency::Idempotent, request).await)?;
        Ok(())
    }
}

/// Rules.
impl StepContext<'_> {
    pub(in super::super) async fn put_rule(&self, rule: &DesiredRule) -> StepResult {
        let tags = self.stage.all_tags().into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let tags: Vec<Tag> = tags.collect::<Result<_, _>>().map_err(|error| StepError::invalid_request(&error))?;
        let request = || {
            let put = self.aws.events.put_rule().event_bus_name(&rule.bus).name(&rule.name);
            let put = put.event_pattern(rule.pattern.to_string()).state(RuleState::Enabled);
            put.set_tags(Some(tags.clone())).send()
        };
        call(Idempotency::Idempotent, request).await?;
        Ok(())
    }

    pub(in super::super) async fn put_target(&self, rule: &DesiredRule) -> StepResult {
        let live_arn = self.stage.live_arn(&rule.key);
        let others: Vec<String> = self.target_ids(&rule.bus, &rule.name).await?;
        self.remove_targets(&rule.bus, &rule.name, others.into_iter().filter(|id| id != TARGET_ID).collect()).await?;
        let target = Target::builder().id(TARGET_ID).arn(live_arn).build();
        let target = target.map_err(|error| StepError::invalid_request(&error))?;
        let request = || {
            let put = self.aws.events.put_targets().event_bus_name(&rule.bus).rule(&rule.name);
            put.targets(target.clone()).send()
        };
        let response = call(Idempotency::Idempotent, request).await?;
        match response.failed_entries() {
            [] => Ok(()),
            [failure, ..] => {
                let message = failure.error_message().or(failure.error_code()).unwrap_or("no reason");
                Err(Error::app("EventBridge has refused the target").cause(message).into())
            }
        }
    }

    async fn target_ids(&self, bus: &str, rule: &str) -> Result<Vec<String>, StepError> {
        let list = || self.aws.events.list_targets_by_rule().event_bus_name(bus).rule(rule).send();
        let response = optional(call(Idempotency::Idempotent, list).await)?;
        let targets = response.and_then(|response| response.targets).unwrap_or_default();
        Ok(targets.into_iter().map(|target| target.id).collect())
    }

    async fn remove_targets(&self, bus: &str, rule: &str, ids: Vec<String>) -> StepResult {
        if ids.is_empty() {
            return Ok(());
        }
        let request = || {
            let remove = self.aws.events.remove_targets().event_bus_name(bus).rule(rule);
            remove.set_ids(Some(ids.clone())).send()
        };
        optional(call(Idempotency::Idempotent, request).await)?;
        Ok(())
    }

    /// EventBridge refuses to delete a rule with targets.
    pub(in super::super) async fn delete_rule(&self, arn: &str) -> StepResult {
        let (bus, name) = rule_of_arn(arn);
        let targets = self.target_ids(bus, name).await?;
        self.remove_targets(bus, name, targets).await?;
        let request = || self.aws.events.delete_rule().event_bus_name(bus).name(name).send();
        optional(call(Idempotency::Idempotent, request).await)?;
        Ok(())
    }
}
