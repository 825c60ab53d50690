//! Carries out the steps for one queue, one bucket, or the schedules of a stage.

mod buckets;
mod queues;
mod schedules;

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use super::MARK;
use super::plan::PlannedTrigger;
use super::step::TriggerStep as Step;
use crate::aws::{Aws, Failure, Repeat, call};
use crate::deploy::apply::{Deploy, Stop};
use crate::deploy::stage::Site;
use crate::deploy::together::together;
use bedrock_diagnostics::Result;

/// Queues and buckets that are changed at once.
const AT_ONCE: usize = 4;

type Done = std::result::Result<(), Stop>;

/// Does what was planned; the results in the order of the plan.
pub(in crate::deploy) async fn apply(deploy: &Deploy, planned: Vec<PlannedTrigger>) -> Vec<Result<()>> {
    together(planned, AT_ONCE, |planned| {
        let deploy = deploy.clone();
        async move { one(&deploy, &planned).await }
    })
    .await
}

async fn one(deploy: &Deploy, planned: &PlannedTrigger) -> Result<()> {
    let began = Instant::now();
    let hand = Hand { aws: &deploy.aws, site: &deploy.site };
    for step in &planned.steps {
        deploy.interrupt.check()?;
        let began = Instant::now();
        if let Err(stop) = hand.step(step).await {
            let error = stop.of(format!("failed to {}", step.words()));
            deploy.told.failed(&planned.what, &error);
            return Err(error);
        }
        deploy.told.trigger_step(planned, step, began.elapsed());
    }
    if let Some(warning) = &planned.warning {
        deploy.told.warning(warning);
    }
    deploy.told.trigger_finished(planned, began.elapsed());
    Ok(())
}

/// What every step needs.
struct Hand<'a> {
    aws: &'a Aws,
    site: &'a Site,
}

impl Hand<'_> {
    async fn step(&self, step: &Step) -> Done {
        match step {
            Step::Mark(key) => self.mark(key).await,
            Step::MakeGroup => self.make_group().await,
            Step::MakeRole(key) => self.make_role(key).await,
            Step::TrustScheduler(key) => self.trust_scheduler(key).await,
            Step::WriteRights(key) => self.write_rights(key).await,
            Step::MakeSchedule(name, schedule) => self.make_schedule(name, schedule).await,
            Step::SetSchedule(name, schedule) => self.set_schedule(name, schedule).await,
            Step::DeleteSchedule(name) => self.delete_schedule(name).await,
            Step::DeleteRole(key) => self.delete_role(key).await,
            Step::DeleteGroup => self.delete_group().await,
            Step::MakeQueue(queue) => self.make_queue(queue).await,
            Step::SetQueue(queue) => self.set_queue(queue).await,
            Step::Map { key, queue, mapping } => self.map(key, queue, *mapping).await,
            Step::Remap { id, mapping } => self.remap(id, *mapping).await,
            Step::Unmap(id) => self.unmap(id).await,
            Step::DeleteQueue(name) => self.delete_queue(name).await,
            Step::MakeBucket(name) => self.make_bucket(name).await,
            Step::Permit { key, bucket } => self.permit(key, bucket).await,
            Step::Notify { bucket, keys, notices } => self.notify(bucket, keys, notices).await,
            Step::Forbid { key, bucket } => self.forbid(key, bucket).await,
            Step::DeleteBucket(name) => self.delete_bucket(name).await,
        }
    }

    async fn mark(&self, key: &str) -> Done {
        let (lambda, arn) = (&self.aws.lambda, self.site.arn(key));
        call(Repeat::Always, || lambda.tag_resource().resource(&arn).tags(MARK, "yes").send()).await?;
        Ok(())
    }

    fn tags(&self) -> HashMap<String, String> {
        self.pairs().into_iter().collect()
    }

    fn pairs(&self) -> BTreeMap<String, String> {
        self.site.tags()
    }
}

/// None if what was asked for is not there, which is as good.
fn gone<T>(answer: std::result::Result<T, Failure>) -> Done {
    match answer {
        Err(failure) if !failure.is_missing() => Err(failure.into()),
        _ => Ok(()),
    }
}

/// As good if it is there.
fn made<T>(answer: std::result::Result<T, Failure>) -> Done {
    match answer {
        Err(failure) if !failure.is_there() => Err(failure.into()),
        _ => Ok(()),
    }
}
