//! Carries out a plan: several functions at once, the steps of each in their order. What fails ends its own function's
//! steps alone, and what was done stays: the next plan goes on from there.

mod chain;
mod function;
mod gone;
mod layer;
mod role;
mod upload;
mod url;

use std::sync::Arc;
use std::time::Instant;

use super::desired::Desired;
use super::plan::{Plan, Planned};
use super::stage::Site;
use super::together::together;
use crate::aws::Aws;
use crate::error::{Error, Fault, Result};
use crate::interrupt::Interrupt;
use crate::print::Deploying;
use chain::Chain;
pub(crate) use chain::Stop;
pub(crate) use function::{point, update_code, update_settings};
pub(crate) use upload::Source;

/// The alias of the version that is in use.
pub(crate) const ALIAS: &str = "live";
/// The name of the policy in a role.
pub(crate) const OWN_POLICY: &str = "own";
/// Functions that are changed at once.
pub(crate) const AT_ONCE: usize = 8;

/// The ARN of a function's log group.
pub(crate) fn log_arn(site: &Site, key: &str) -> String {
    let place = &site.place;
    format!("arn:{}:logs:{}:{}:log-group:{}", place.partition, place.region, place.account, site.log_group(key))
}

/// What a deploy is given besides its plan.
#[derive(Debug, Clone)]
pub(crate) struct Deploy {
    pub(crate) aws: Aws,
    pub(crate) site: Site,
    pub(crate) told: Arc<Deploying>,
    pub(crate) interrupt: Interrupt,
    /// Milliseconds since 1970: tells the versions of this deploy from others.
    pub(crate) began: u64,
}

/// Does what `plan` says; the number of functions that were changed.
pub(crate) async fn apply(deploy: &Deploy, plan: &Plan, desired: &Desired) -> Result<usize> {
    let changes: Vec<Planned> = plan.changes().cloned().collect();
    let names: Vec<String> = changes.iter().map(|planned| planned.function.clone()).collect();
    let results = together(changes, AT_ONCE, |planned| {
        let deploy = deploy.clone();
        let chain = Chain::new(&deploy, &planned, desired.get(&planned.key).cloned());
        async move { one(&deploy, &planned, chain).await }
    });
    summed(&names, results.await)
}

/// How many were done; else what failed, what was kept and what is left.
pub(crate) fn summed(names: &[String], results: Vec<Result<()>>) -> Result<usize> {
    let (mut left, mut errors) = (Vec::new(), Vec::new());
    for (name, result) in names.iter().zip(results) {
        if let Err(error) = result {
            left.push(name.clone());
            errors.push(error);
        }
    }
    let done = names.len() - left.len();
    if errors.is_empty() { Ok(done) } else { Err(half_done(done, &left, errors)) }
}

async fn one(deploy: &Deploy, planned: &Planned, mut chain: Chain) -> Result<()> {
    let began = Instant::now();
    for step in &planned.steps {
        deploy.interrupt.check()?;
        let began = Instant::now();
        if let Err(error) = chain.step(step).await {
            deploy.told.failed(&planned.function, &error);
            return Err(error);
        }
        deploy.told.step(&planned.function, step, began.elapsed());
    }
    deploy.told.finished(planned, began.elapsed());
    Ok(())
}

/// What was kept and what is left, behind the failures themselves.
fn half_done(done: usize, left: &[String], errors: Vec<Error>) -> Error {
    let interrupted = errors.iter().any(|error| error.fault == Fault::Interrupted);
    let names: Vec<String> = left.iter().map(|function| format!("`{function}`")).collect();
    let what = format!("{done} of {} functions are as they should be, left: {}", done + left.len(), names.join(", "));
    let help = "the same command goes on from there";
    if interrupted {
        return Error::new(Fault::Interrupted, format!("interrupted, {what}")).help(help);
    }
    let mut error = Error::several(errors);
    error.reports.extend(Error::app(what).help(help).reports);
    Error { fault: Fault::App, ..error }
}
