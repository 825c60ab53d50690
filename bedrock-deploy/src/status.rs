//! The operation `status`: compares what is deployed with the last build, as a plan that is not applied.

use std::collections::BTreeMap;

use bedrock_build::App;
use bedrock_diagnostics::Result;
use serde::Serialize;

use crate::actual::Actual;
use crate::alarms::read::read_alarms;
use crate::aws;
use crate::deploy::StageRequest;
use crate::desired::{Desired, desired_functions, secret_refs};
use crate::durable_check::fixed_difference;
use crate::executions::read_running_executions;
use crate::http_api::actual::ActualHttpApi;
use crate::http_api::read::read_http_api;
use crate::manifest::Manifest;
use crate::ownership::check_owned;
use crate::plan::{Plan, PlannedFunction};
use crate::read::{read_actual, read_resources};
use crate::secrets::read_secrets;
use crate::stage::{ENDPOINT, StageContext};
use crate::step::Change;
use crate::triggers::read::read_triggers;
use crate::triggers::step::PlannedTrigger;

/// The state of a stage. Its JSON form is part of the command line's interface: keys may be added, never changed.
#[derive(Debug, Serialize)]
pub struct StageStatus {
    /// Name of the app.
    pub app: String,
    /// Name of the stage.
    pub stage: String,
    /// Region of the stage.
    pub region: String,
    /// Account of the stage.
    pub account: String,
    /// URL of the endpoint.
    pub url: Option<String>,
    /// All functions, deployed or built.
    pub functions: Vec<FunctionStatus>,
    /// All triggers, deployed or built.
    pub triggers: Vec<TriggerStatus>,
}

/// The state of one function.
#[derive(Debug, Serialize)]
pub struct FunctionStatus {
    /// Name of the worker, or `endpoint`.
    pub worker: String,
    /// Name of the function.
    pub function: String,
    /// `same`, `differs`, `not deployed` or `not in the app`.
    pub state: &'static str,
    /// How it differs, for people. Empty unless `state` is `differs`.
    pub reasons: Vec<String>,
    /// Executions of a durable function that have not ended: their number, by the version that they run on.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub executions: BTreeMap<String, usize>,
    /// Number of the version in use.
    pub version: Option<String>,
    /// Time of the last change, in the format of AWS.
    pub modified: Option<String>,
}

/// The state of one trigger: a queue, a bucket, or the schedules of the stage.
#[derive(Debug, Serialize)]
pub struct TriggerStatus {
    /// Kind and name: `queue shop-dev-jobs`.
    pub trigger: String,
    /// As for a function.
    pub state: &'static str,
    /// As for a function.
    pub reasons: Vec<String>,
}

/// Compares a stage of `app` with the last build.
pub fn status(app: &App, request: &StageRequest) -> Result<StageStatus> {
    let manifest = Manifest::load(app, request.stage.as_str())?;
    aws::run(&request.aws, async |aws| {
        let stage = StageContext::new(app, request.stage.clone(), aws.env.clone())?;
        let secrets = read_secrets(&aws, secret_refs(&manifest, &[])).await?;
        let desired = desired_functions(&manifest, &stage, &[], &secrets)?;
        let mut actual = read_actual(&aws, &stage, &desired.keys().cloned().collect(), false).await?;
        read_triggers(&aws, &stage, &desired, &mut actual, false).await?;
        read_resources(&aws, &stage, &desired, &mut actual).await?;
        read_http_api(&aws, &stage, &desired, &mut actual, false).await?;
        read_alarms(&aws, &stage, &desired, &mut actual, false).await?;
        check_owned(&stage, &actual.unmanaged)?;
        read_running_executions(&aws, &stage, &mut actual, |_| true).await?;
        let plan = Plan::new(&stage, &desired, &actual, false);
        Ok(StageStatus::new(&stage, &plan, &desired, &actual))
    })
}

impl StageStatus {
    fn new(stage: &StageContext, plan: &Plan, desired: &Desired, actual: &Actual) -> Self {
        let deployed = |key: &str| actual.functions.get(key).and_then(|function| function.deployed.as_ref());
        let function_status = |planned: &PlannedFunction| {
            let deployed = deployed(&planned.key);
            let fixed = fixed_difference(desired, actual, &planned.key);
            let fixed = fixed.map(|is| format!("{is}, which a deploy cannot change"));
            let change = if fixed.is_some() { Change::Update } else { planned.change };
            let reasons = if planned.change == Change::Update { planned.reasons.clone() } else { Vec::new() };
            FunctionStatus {
                worker: planned.key.clone(),
                function: planned.function.clone(),
                state: state(change),
                reasons: fixed.into_iter().chain(reasons).collect(),
                executions: deployed.map(|deployed| deployed.running_executions.clone()).unwrap_or_default(),
                version: deployed.and_then(|deployed| deployed.live.as_ref()).map(|live| live.number.clone()),
                modified: deployed.map(|deployed| deployed.last_modified.clone()),
            }
        };
        let function_url = || deployed(ENDPOINT)?.url.as_ref().map(|url| url.url.clone());
        Self {
            app: stage.app.clone(),
            stage: stage.name.to_string(),
            region: stage.env.region.clone(),
            account: stage.env.account.clone(),
            url: actual.http_api.as_ref().and_then(ActualHttpApi::url).or_else(function_url),
            functions: plan.functions.iter().map(function_status).collect(),
            triggers: plan.triggers.iter().map(TriggerStatus::new).collect(),
        }
    }
}

impl TriggerStatus {
    fn new(planned: &PlannedTrigger) -> Self {
        let reasons = if planned.change == Change::Update { planned.reasons.clone() } else { Vec::new() };
        Self { trigger: planned.resource.clone(), state: state(planned.change), reasons }
    }
}

fn state(change: Change) -> &'static str {
    match change {
        Change::Keep => "same",
        Change::Update => "differs",
        Change::Create => "not deployed",
        Change::Delete => "not in the app",
    }
}
