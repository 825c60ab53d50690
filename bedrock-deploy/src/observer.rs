//! What a deploy, destroy or rollback reports while it runs. The command line implements [`DeployObserver`].

use std::fmt::Debug;
use std::time::Duration;

use bedrock_diagnostics::{Error, Result};

use crate::canary::CanaryPlan;
use crate::plan::{Plan, PlannedFunction};
use crate::stage::StageContext;
use crate::triggers::step::PlannedTrigger;

/// Receives the progress of a deploy, destroy or rollback. All methods are called from one thread.
pub trait DeployObserver: Debug {
    /// The plan is complete, and nothing has been changed yet. An error ends the operation.
    fn planned(&self, stage: &StageContext, plan: &Plan) -> Result<()>;
    /// The versions to roll back to are known, and nothing has been changed yet. An error ends the operation.
    fn rollback_planned(&self, moves: &[AliasMove]) -> Result<()>;
    /// A step of a function has been applied.
    fn function_step_finished(&self, function: &str, step_id: &str, elapsed: Duration);
    /// All steps of a function that do not depend on other functions have been applied.
    fn function_finished(&self, planned: &PlannedFunction, elapsed: Duration);
    /// A function has been rolled back.
    fn function_rolled_back(&self, alias_move: &AliasMove, elapsed: Duration);
    /// A step of a trigger has been applied.
    fn trigger_step_finished(&self, planned: &PlannedTrigger, step_id: &str, elapsed: Duration);
    /// All steps of a trigger have been applied.
    fn trigger_finished(&self, planned: &PlannedTrigger, elapsed: Duration);
    /// A function or trigger failed. The operation returns the same error when it ends.
    fn failed(&self, resource: &str, error: &Error);
    /// A canary has begun, goes on, or was ended before its time.
    fn canary_progress(&self, progress: &CanaryProgress<'_>);
    /// Something that the user should know, but that does not end the operation.
    fn warning(&self, message: &str);
    /// The operation has ended.
    fn finished(&self, outcome: &Outcome<'_>);
}

/// How far a canary is.
#[derive(Debug, Clone, Copy)]
pub struct CanaryProgress<'a> {
    /// The canary.
    pub canary: &'a CanaryPlan,
    /// Time since calls were shifted. `None` if all calls go to the old versions again.
    pub elapsed: Option<Duration>,
}

/// Asks the user before something is changed.
pub trait Confirm {
    /// Returns an error unless the user agrees. `data` are the resources that are deleted with data that is kept otherwise:
    /// `table shop-dev-orders`.
    fn confirm(&self, operation: Operation, stage: &StageContext, data: &[String]) -> Result<()>;
}

/// An operation that changes a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Deploys the last build.
    Deploy,
    /// Deletes the stage.
    Destroy,
    /// Returns to earlier versions.
    Rollback,
}

impl Operation {
    /// Returns the name of the command.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Destroy => "destroy",
            Self::Rollback => "rollback",
        }
    }
}

/// How an operation ended.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// The stage has the contents of the last build.
    Deployed {
        /// The stage.
        stage: &'a StageContext,
        /// How much was changed.
        changed: ChangeCount,
        /// URL of the endpoint.
        url: Option<String>,
        /// Number of requests to AWS.
        requests: usize,
        /// Whether only the functions were read, because nothing else has changed since the last deployment was recorded.
        is_recorded: bool,
    },
    /// The stage has been deleted.
    Destroyed {
        /// The stage.
        stage: &'a StageContext,
        /// How much was deleted.
        changed: ChangeCount,
    },
    /// Functions have been rolled back.
    RolledBack {
        /// The stage.
        stage: &'a StageContext,
        /// Number of functions.
        functions: usize,
    },
    /// Only the plan was requested, and nothing has been changed.
    DryRun,
    /// Something failed, or the user stopped the operation while it changed something.
    Failed,
}

/// How many functions and triggers were changed.
#[derive(Debug, Clone, Copy, Default)]
pub struct ChangeCount {
    /// Number of functions.
    pub functions: usize,
    /// Number of triggers.
    pub triggers: usize,
}

impl ChangeCount {
    /// Returns the sum.
    #[must_use]
    pub fn total(self) -> usize {
        self.functions + self.triggers
    }
}

/// A rollback of one function: the alias moves from one version to an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasMove {
    /// Name of the worker, or `endpoint`.
    pub key: String,
    /// Name of the function.
    pub function: String,
    /// Number of the version in use.
    pub from: u64,
    /// Number of the earlier version.
    pub to: u64,
}
