//! Everything of `cargo bedrock` that talks to AWS: deploys an app, rolls it back, deletes it, compares it with the last
//! build, reads its logs and invokes its workers.
//!
//! A deploy compares the *desired* state (from the build's manifest, the stage and the secrets) with the *actual* state (read
//! from AWS). The difference is a *plan*, whose *steps* are applied.
//!
//! | module | holds |
//! | --- | --- |
//! | [`aws`] | clients, retries and errors of the AWS services |
//! | `stage` | [`StageContext`]: a stage in an account, and the names of everything that belongs to it |
//! | `manifest`, `secrets` | the last build, and the values of secrets |
//! | `lambda_settings`, `lambda_policy` | settings of Lambda without a default value, and the permissions that they need |
//! | `resource_tags` | tags of the settings that existing resources lack |
//! | `uses`, `use_policy`, `resources` | what functions use: their rights and variables, and the resources that an app creates |
//! | `durable`, `durable_check`, `executions`, `histories` | durable functions: their configuration, what cannot be changed, executions that have not ended, and histories |
//! | `desired`, `environment`, `destinations`, `policy`, `version` | the desired state |
//! | `contracts`, `contract_record` | the contracts of a stage, in tags, and which callers a change would break |
//! | `actual`, `read`, `ownership` | the actual state, how it is read, and which resources may be changed |
//! | `plan`, `step` | [`Plan`]: what has to be done |
//! | `apply`, `concurrent`, `permissions` | how it is done, for several functions at the same time |
//! | `deployer_policy`, `terraform_policy`, `deployer_names` | the IAM policy that these operations need, and that of Terraform |
//! | `deployment_record`, `unchanged` | what the last deployment recorded, and the plan of a stage that it still describes |
//! | `lock` | one operation at a time for each stage |
//! | `triggers` | the same for schedules, queues and buckets |
//! | `canary` | a part of the calls goes to the new versions, until an alarm fires |
//! | `alarms` | CloudWatch alarms of functions |
//! | `http_api` | the HTTP API of API Gateway in front of the endpoint |
//! | `deploy`, `rollback`, `status`, `stage_check` | the operations |
//! | `alias_log` | which deploys moved an alias, for `rollback` |
//! | `local_tables` | the app's tables on this machine, for `dev` |
//! | `observer` | [`DeployObserver`] and [`Confirm`], which the command line implements |
//! | [`logs`] | the log events of deployed functions |
//! | [`remote_invoke`] | invocations of deployed workers |
//!
//! Nothing here prints, and nothing here asks the user.

#![forbid(unsafe_code)]

mod actual;
mod actual_role;
mod alarms;
mod alias_log;
mod apply;
pub mod aws;
mod buckets;
mod canary;
mod concurrent;
mod contract_record;
mod contracts;
mod cors;
mod deploy;
mod deployer_names;
mod deployer_policy;
mod deployment_record;
mod desired;
mod destinations;
mod durable;
mod durable_check;
mod environment;
mod executions;
mod histories;
mod http_api;
mod lambda_policy;
mod lambda_settings;
mod local_tables;
mod lock;
pub mod logs;
mod manifest;
mod observer;
mod ownership;
mod partitions;
mod permissions;
mod plan;
mod policy;
mod read;
mod regions;
pub mod remote_invoke;
mod resource_tags;
mod resources;
mod rollback;
mod secrets;
mod stage;
mod stage_check;
mod status;
mod step;
mod terraform_policy;
#[cfg(test)]
mod test_fixtures;
mod triggers;
mod unchanged;
mod use_policy;
mod uses;
mod version;

pub use canary::{Canary, CanaryPlan, ShiftedFunction};
pub use contracts::DeployedContract;
pub use deploy::{StageRequest, deploy, destroy, read_contracts};
pub use deployer_policy::{DeployerPolicyOptions, deployer_policy};
pub use histories::{ExecutionHistory, HistoryRequest, read_histories};
pub use local_tables::create_local_tables;
pub use observer::{AliasMove, CanaryProgress, ChangeCount, Confirm, DeployObserver, Operation, Outcome};
pub use plan::{Plan, PlannedFunction};
pub use rollback::rollback;
pub use stage::{ENDPOINT, Stage, StageContext};
pub use stage_check::{CheckLevel, StageFinding, check_stage};
pub use status::{FunctionStatus, StageStatus, TriggerStatus, status};
pub use step::Change;
pub use triggers::step::PlannedTrigger;
