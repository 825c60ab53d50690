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
use super::plan::{Change, Plan, Planned, Step};
use super::stage::Site;
use super::together::together;
use super::triggers::PlannedTrigger;
use crate::aws::Aws;
use crate::print::Deploying;
use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, ExitKind, Result};
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

/// How much was changed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Changed {
    functions: usize,
    triggers: usize,
}

impl Changed {
    pub(crate) fn all(self) -> usize {
        self.functions + self.triggers
    }

    /// `2 functions and 1 trigger`; empty if nothing was changed.
    pub(crate) fn words(self) -> String {
        let words = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 {what}")),
            many => Some(format!("{many} {what}s")),
        };
        let words = [words(self.functions, "function"), words(self.triggers, "trigger")];
        words.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }
}

/// Does what `plan` says. What invokes functions is made when they are there, and is gone before they are.
pub(crate) async fn apply(deploy: &Deploy, plan: &Plan, desired: &Desired) -> Result<Changed> {
    let triggers: Vec<PlannedTrigger> = plan.trigger_changes().cloned().collect();
    let changed = Changed { functions: plan.changes().count(), triggers: triggers.len() };
    let in_order = |planned: &&Planned| planned.change == Change::Delete && !triggers.is_empty();
    let (last, first): (Vec<&Planned>, Vec<&Planned>) = plan.changes().partition(in_order);
    let mut tally =
        Tally { what: if triggers.is_empty() { FUNCTIONS } else { "functions and triggers" }, ..Tally::default() };
    tally.functions(deploy, &first, desired).await;
    let names: Vec<String> = triggers.iter().map(|planned| planned.what.clone()).collect();
    if tally.errors.is_empty() {
        let results = super::triggers::apply(deploy, triggers).await;
        tally.add(names, results);
    } else {
        tally.left.extend(names);
    }
    if tally.errors.is_empty() || last.is_empty() {
        tally.functions(deploy, &last, desired).await;
    } else {
        tally.left.extend(last.iter().map(|planned| planned.function.clone()));
    }
    tally.summed().map(|()| changed)
}

const FUNCTIONS: &str = "functions";

/// What was done and what is left.
#[derive(Debug, Default)]
struct Tally {
    what: &'static str,
    done: usize,
    left: Vec<String>,
    errors: Vec<Error>,
}

impl Tally {
    async fn functions(&mut self, deploy: &Deploy, planned: &[&Planned], desired: &Desired) {
        let names = planned.iter().map(|planned| planned.function.clone()).collect();
        let chains =
            |planned: &Planned| (planned.clone(), Chain::new(deploy, planned, desired.get(&planned.key).cloned()));
        let work = planned.iter().map(|planned| chains(planned)).collect();
        let mut results = together(work, AT_ONCE, |(planned, chain)| {
            let deploy = deploy.clone();
            async move { one(&deploy, &planned, chain).await }
        })
        .await;
        // What takes other functions is done when these are there.
        for (planned, result) in planned.iter().zip(&mut results).filter(|(planned, _)| !planned.later.is_empty()) {
            if result.is_ok() {
                let (_, chain) = chains(planned);
                *result = steps(deploy, planned, &planned.later, chain).await;
            }
        }
        self.add(names, results);
    }

    fn add(&mut self, names: Vec<String>, results: Vec<Result<()>>) {
        for (name, result) in names.into_iter().zip(results) {
            match result {
                Ok(()) => self.done += 1,
                Err(error) => {
                    self.left.push(name);
                    self.errors.push(error);
                }
            }
        }
    }

    /// Else what failed, what was kept and what is left.
    fn summed(self) -> Result<()> {
        if self.errors.is_empty() { Ok(()) } else { Err(half_done(self)) }
    }
}

/// How many were done; else what failed, what was kept and what is left.
pub(crate) fn summed(names: &[String], results: Vec<Result<()>>) -> Result<usize> {
    let mut tally = Tally { what: FUNCTIONS, ..Tally::default() };
    tally.add(names.to_vec(), results);
    let done = tally.done;
    tally.summed().map(|()| done)
}

async fn one(deploy: &Deploy, planned: &Planned, chain: Chain) -> Result<()> {
    let began = Instant::now();
    steps(deploy, planned, &planned.steps, chain).await?;
    deploy.told.finished(planned, began.elapsed());
    Ok(())
}

async fn steps(deploy: &Deploy, planned: &Planned, steps: &[Step], mut chain: Chain) -> Result<()> {
    for step in steps {
        deploy.interrupt.check()?;
        let began = Instant::now();
        if let Err(error) = chain.step(step).await {
            deploy.told.failed(&planned.function, &error);
            return Err(error);
        }
        deploy.told.step(&planned.function, step, began.elapsed());
    }
    Ok(())
}

/// What was kept and what is left, behind the failures themselves.
fn half_done(Tally { what, done, left, errors }: Tally) -> Error {
    let interrupted = errors.iter().any(|error| error.kind == ExitKind::Interrupted);
    let names: Vec<String> = left.iter().map(|function| format!("`{function}`")).collect();
    let what = format!("{done} of {} {what} are as they should be, left: {}", done + left.len(), names.join(", "));
    let help = "the same command goes on from there";
    if interrupted {
        return Error::new(ExitKind::Interrupted, format!("interrupted, {what}")).help(help);
    }
    let mut error = Error::combine(errors);
    error.reports.extend(Error::app(what).help(help).reports);
    Error { kind: ExitKind::App, ..error }
}
