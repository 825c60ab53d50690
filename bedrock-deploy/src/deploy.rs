//! The operations `deploy` and `destroy`: read the actual state, plan, confirm, apply.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use bedrock_build::{App, Runtime};
use bedrock_diagnostics::{Error, ExitKind, Interrupt, Result};

use crate::alarms::read::read_alarms;
use crate::apply::apply;
use crate::apply::context::{ApplyContext, PublishedVersions};
use crate::aws::{self, Aws, AwsOptions, request_count, with_interrupt};
use crate::canary::Canary;
use crate::canary::plan::plan_canary;
use crate::contracts::{DeployedContract, callers_of, check_breaks, check_canary_breaks, deployed_contracts};
use crate::deployment_record::{DeploymentRecord, mark_unrecorded, remove_unrecorded_tags};
use crate::desired::{Desired, desired_functions, secret_refs};
use crate::durable_check::check_durability;
use crate::executions::read_running_executions;
use crate::http_api::read::{read_http_api, read_url};
use crate::lock::{StageLock, reason_of, unless_interrupted, with_lock};
use crate::manifest::Manifest;
use crate::observer::{ChangeCount, Confirm, DeployObserver, Operation, Outcome};
use crate::ownership::check_owned;
use crate::plan::Plan;
use crate::read::{read_actual, read_contract_records, read_deleted, read_function_url, read_resources};
use crate::regions::check_function_url;
use crate::resources::resources_in_settings;
use crate::secrets::read_secrets;
use crate::stage::{ENDPOINT, Stage, StageContext};
use crate::triggers::existing_queues::check_existing_queues;
use crate::triggers::read::read_triggers;
use crate::unchanged::read_unchanged;
use crate::uses::ResourceId;

/// What the user wants to do with a stage.
#[derive(Debug)]
pub struct StageRequest {
    /// Name of the stage.
    pub stage: Stage,
    /// How to reach AWS.
    pub aws: AwsOptions,
    /// Keys of the functions to change. Empty for all functions.
    pub only: Vec<String>,
    /// Only show the plan.
    pub dry_run: bool,
    /// Deploy even if a change of a contract breaks deployed callers.
    pub allow_breaking: bool,
    /// Read everything from AWS, also if the record of the last deployment says that nothing has changed.
    pub refresh: bool,
    /// Shift only a part of the calls to new versions at first. `None` for all at one moment.
    pub canary: Option<Canary>,
}

/// Deploys the last build of `app`.
pub fn deploy(app: &App, request: &StageRequest, observer: &dyn DeployObserver, confirm: &dyn Confirm) -> Result<()> {
    check_worker_names(app, &request.only)?;
    let manifest = Manifest::load(app, request.stage.as_str())?;
    aws::run(&request.aws, async |aws| {
        let stage = StageContext::new(app, request.stage.clone(), aws.env.clone())?;
        if manifest.profile != "release" {
            observer.warning("deploying a dev build: `cargo bedrock build --release` makes it smaller and faster");
        }
        for warning in runtime_warnings(&manifest, &request.only, &aws::date(SystemTime::now())) {
            observer.warning(&warning);
        }
        let secrets = read_secrets(&aws, secret_refs(&manifest, &request.only)).await?;
        let desired = desired_functions(&manifest, &stage, &request.only, &secrets)?;
        let callers = callers_of(&manifest, &request.only);
        let operation =
            StageOperation { operation: Operation::Deploy, request, observer, confirm, callers, data: None };
        let Some(done) = Box::pin(operation.run(&aws, &stage, &desired)).await? else { return Ok(()) };
        let StageChange { changed, url, is_recorded } = done;
        observer.finished(&Outcome::Deployed { stage: &stage, changed, url, requests: request_count(), is_recorded });
        Ok(())
    })
}

/// Deletes a stage of `app`; if `with_data`, with the tables, topics, event buses and streams that its settings name, and with
/// buckets that are not empty.
pub fn destroy(
    app: &App,
    request: &StageRequest,
    with_data: bool,
    observer: &dyn DeployObserver,
    confirm: &dyn Confirm,
) -> Result<()> {
    aws::run(&request.aws, async |aws| {
        let stage = StageContext::new(app, request.stage.clone(), aws.env.clone())?;
        let desired = Desired::new();
        let callers = BTreeSet::new();
        let data = with_data.then(|| resources_in_settings(app, &stage));
        let operation = StageOperation { operation: Operation::Destroy, request, observer, confirm, callers, data };
        if let Some(StageChange { changed, .. }) = Box::pin(operation.run(&aws, &stage, &desired)).await? {
            observer.finished(&Outcome::Destroyed { stage: &stage, changed });
        }
        Ok(())
    })
}

/// Returns a warning for each runtime of the selected functions that is deprecated or not known.
fn runtime_warnings(manifest: &Manifest, only: &[String], today: &str) -> BTreeSet<String> {
    let selected = manifest.functions().filter(|(key, _)| only.is_empty() || only.iter().any(|name| name == key));
    selected.filter_map(|(_, entry)| Runtime::find(&entry.runtime)?.warning(today)).collect()
}

/// Returns an error if one of `names` is neither a worker of the app nor the endpoint.
pub(crate) fn check_worker_names(app: &App, names: &[String]) -> Result<()> {
    let workers = names.iter().filter(|name| *name != ENDPOINT);
    let problems: Vec<_> = workers.filter_map(|name| app.worker(name).err()).collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::problems(ExitKind::Call, problems)) }
}

/// Returns the contracts of the workers that are deployed to a stage of `app`.
pub fn read_contracts(app: &App, stage: &Stage, options: &AwsOptions) -> Result<Vec<DeployedContract>> {
    aws::run(options, async |aws| {
        let stage = StageContext::new(app, stage.clone(), aws.env.clone())?;
        let workers = app.workers.iter().map(|worker| worker.name.to_string()).collect();
        let records = read_contract_records(&aws, &stage, &workers).await?;
        Ok(deployed_contracts(&records))
    })
}

async fn read_and_plan(
    aws: &Aws,
    stage: &StageContext,
    desired: &Desired,
    callers: &BTreeSet<String>,
    request: &StageRequest,
    data: Option<&BTreeSet<ResourceId>>,
) -> Result<Plan> {
    let is_partial = !request.only.is_empty();
    let expected = desired.keys().cloned().collect();
    let mut actual = read_actual(aws, stage, &expected, is_partial).await?;
    if desired.values().any(|function| function.contracts.own.is_some()) {
        actual.callers = read_contract_records(aws, stage, callers).await?;
    }
    read_triggers(aws, stage, desired, &mut actual, is_partial).await?;
    read_resources(aws, stage, desired, &mut actual).await?;
    if let Some(data) = data {
        read_deleted(aws, stage, data, &mut actual).await?;
        actual.triggers.empties_buckets = true;
    }
    read_http_api(aws, stage, desired, &mut actual, is_partial).await?;
    read_alarms(aws, stage, desired, &mut actual, is_partial).await?;
    check_owned(stage, &actual.unmanaged)?;
    check_durability(stage, desired, &actual)?;
    check_existing_queues(aws, stage, desired).await?;
    // They end with the functions that the plan deletes.
    read_running_executions(aws, stage, &mut actual, |key| !is_partial && !desired.contains_key(key)).await?;
    let mut plan = Plan::new(stage, desired, &actual, is_partial);
    if let Some(canary) = request.canary {
        plan.canary = plan_canary(stage, canary, &mut plan.functions, desired, &actual)?;
        if plan.canary.is_some() && !request.allow_breaking {
            check_canary_breaks(stage, desired, &actual)?;
        }
    }
    if plan.creates_url() {
        check_function_url(stage)?;
    }
    Ok(plan)
}

/// A deploy or destroy.
struct StageOperation<'a> {
    operation: Operation,
    request: &'a StageRequest,
    observer: &'a dyn DeployObserver,
    confirm: &'a dyn Confirm,
    /// In a partial operation, the other functions that call the selected workers.
    callers: BTreeSet<String>,
    /// Resources that `destroy` deletes with their data, if they exist. `None` if it keeps them, and buckets with objects.
    data: Option<BTreeSet<ResourceId>>,
}

/// What an operation has done.
#[derive(Debug, Default)]
struct StageChange {
    changed: ChangeCount,
    /// URL of the endpoint after a deploy.
    url: Option<String>,
    /// Whether only the functions were read.
    is_recorded: bool,
}

impl StageOperation<'_> {
    /// Plans while no other operation changes the stage, shows the plan, asks for confirmation and applies it. Returns `None`
    /// after a dry run, which needs no lock.
    async fn run(&self, aws: &Aws, stage: &StageContext, desired: &Desired) -> Result<Option<StageChange>> {
        let is_partial = !self.request.only.is_empty();
        let is_complete_deploy = self.operation == Operation::Deploy && !is_partial;
        if is_complete_deploy
            && !self.request.refresh
            && let Some(unchanged) = Box::pin(read_unchanged(aws, stage, desired)).await
        {
            self.show_plan(stage, &unchanged.plan)?;
            if self.request.dry_run {
                self.observer.finished(&Outcome::DryRun);
                return Ok(None);
            }
            return Ok(Some(StageChange { changed: ChangeCount::default(), url: unchanged.url, is_recorded: true }));
        }
        if self.request.dry_run {
            let plan = read_and_plan(aws, stage, desired, &self.callers, self.request, self.data.as_ref()).await?;
            self.show_plan(stage, &plan)?;
            self.check_contracts(stage, &plan)?;
            self.observer.finished(&Outcome::DryRun);
            return Ok(None);
        }
        // A process that is ended by a signal would leave its lock.
        let interrupt = Interrupt::watch()?;
        let work = async |lock: Option<&StageLock<'_>>| {
            let work = read_and_plan(aws, stage, desired, &self.callers, self.request, self.data.as_ref());
            let mut plan = unless_interrupted(&interrupt, work).await?;
            self.show_plan(stage, &plan)?;
            self.check_contracts(stage, &plan)?;
            if self.request.canary.is_some() && plan.canary.is_none() && !plan.is_empty() {
                self.observer.warning(
                    "no function gets a version in place of another one, so there is no canary: everything is deployed at once",
                );
            }
            let published = PublishedVersions::default();
            let mut done = StageChange::default();
            if !plan.is_empty() {
                self.confirm.confirm(self.operation, stage, &plan.deleted_data())?;
                if let Some(lock) = lock {
                    lock.renew_after_pause().await?;
                }
                let context = ApplyContext {
                    aws,
                    stage,
                    observer: self.observer,
                    interrupt: &interrupt,
                    started_at_ms: milliseconds_since_1970(),
                    published: &published,
                    is_unrecorded: lock.is_none(),
                };
                let changed = with_interrupt(&interrupt, apply_plan(context, &mut plan, desired)).await;
                if changed.is_err() {
                    self.observer.finished(&Outcome::Failed);
                }
                done.changed = changed?;
            }
            done.url = endpoint_url(aws, stage, desired).await;
            if let Some(lock) = lock.filter(|_| is_complete_deploy)
                && let Some(record) = DeploymentRecord::new(desired, &plan, &published, done.url.clone())
            {
                self.set_record(aws, stage, lock, &record, &plan.unrecorded).await;
            }
            Ok(done)
        };
        Box::pin(with_lock(aws, stage, self.operation, self.observer, work)).await.map(Some)
    }

    fn show_plan(&self, stage: &StageContext, plan: &Plan) -> Result<()> {
        self.observer.planned(stage, plan)?;
        for warning in &plan.warnings {
            self.observer.warning(warning);
        }
        Ok(())
    }

    /// Without a record, the next deploy reads everything.
    async fn set_record(
        &self,
        aws: &Aws,
        stage: &StageContext,
        lock: &StageLock<'_>,
        record: &DeploymentRecord,
        unrecorded: &[String],
    ) {
        match remove_unrecorded_tags(aws, stage, unrecorded).await {
            Ok(()) => lock.set_record(record.to_json()),
            Err(error) => {
                let reason = reason_of(&error);
                self.observer
                    .warning(&format!("the deployment is not recorded, so the next one is not faster: {reason}"));
            }
        }
    }

    /// Fails if the plan breaks deployed callers, unless that is allowed.
    fn check_contracts(&self, stage: &StageContext, plan: &Plan) -> Result<()> {
        if self.request.allow_breaking { Ok(()) } else { check_breaks(stage, &plan.contract_breaks) }
    }
}

/// Applies `plan`. A caller without the lock has not deleted the record of the last deployment by taking it.
async fn apply_plan(context: ApplyContext<'_>, plan: &mut Plan, desired: &Desired) -> Result<ChangeCount> {
    if context.is_unrecorded {
        mark_unrecorded(context.aws, context.stage, plan).await?;
    }
    apply(context, plan, desired).await
}

/// Returns the URL of the deployed endpoint. `None` too if it cannot be read: that does not make the deploy fail.
async fn endpoint_url(aws: &Aws, stage: &StageContext, desired: &Desired) -> Option<String> {
    let endpoint = desired.get(ENDPOINT)?;
    if let Some(api) = &endpoint.http_api {
        return read_url(aws, stage, api).await.ok().flatten();
    }
    endpoint.url?;
    let url = read_function_url(aws, &stage.function_name(ENDPOINT)).await;
    url.ok().flatten().map(|url| url.url)
}

fn milliseconds_since_1970() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
