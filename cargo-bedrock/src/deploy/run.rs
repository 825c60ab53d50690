//! `deploy` and `destroy` from their beginning to their end: read, plan, show, ask, apply.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bedrock_build::App;
use serde_json::json;

use super::apply::{Changed, Deploy, apply};
use super::desired::{Desired, Secrets, desired, secrets_of};
use super::manifest::Manifest;
use super::plan::Plan;
use super::stage::{ENDPOINT, Site, Stage};
use super::{read, refuse, secrets, triggers};
use crate::ask;
use crate::aws::{self, Access, Aws};
use crate::print::Deploying;
use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, ExitKind, Result};

/// What the user asked for.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) stage: Stage,
    pub(crate) access: Access,
    /// These workers alone; all if there are none.
    pub(crate) only: Vec<String>,
    /// Show the plan and do nothing.
    pub(crate) dry_run: bool,
    /// The user has confirmed already.
    pub(crate) yes: bool,
}

/// Makes the stage what was built.
pub(crate) fn deploy(app: &App, request: &Request, told: &Arc<Deploying>) -> Result<()> {
    known(app, &request.only)?;
    let manifest = Manifest::load(app)?;
    aws::run(&request.access, async |aws| {
        let site = Site::of(app, request.stage.clone(), aws.place.clone())?;
        if manifest.profile != "release" {
            told.warning("what is deployed is a dev build: `cargo bedrock build --release` makes it small and fast");
        }
        let wanted: BTreeSet<_> = secrets_of(&manifest, &request.only).cloned().collect();
        let secrets = if wanted.is_empty() { Secrets::new() } else { secrets::read(&aws, wanted).await? };
        let desired = desired(&manifest, &site, &request.only, &secrets)?;
        let plan = planned(&aws, &site, &desired, !request.only.is_empty()).await?;
        let question = format!("deploy {}?", site.shown());
        let confirm = || ask::agreed(&question);
        let deployed = carry_out(aws.clone(), &site, (&plan, &desired), request, told, confirm).await?;
        let Some(changed) = deployed else { return Ok(()) };
        let url = url(&aws, &site, &desired).await;
        let what = match &changed.words()[..] {
            "" => format!("nothing to do, {} is what was built", site.shown()),
            words => format!("deployed {words} to {}", site.shown()),
        };
        if let Some(url) = &url {
            told.note(&format!("the endpoint listens on {url}"));
        }
        told.ended(true, &what, &[("changed", json!(changed.all())), ("url", json!(url))]);
        Ok(())
    })
}

/// Deletes the stage.
pub(crate) fn destroy(app: &App, request: &Request, told: &Arc<Deploying>) -> Result<()> {
    aws::run(&request.access, async |aws| {
        let site = Site::of(app, request.stage.clone(), aws.place.clone())?;
        let nothing = Desired::new();
        let plan = planned(&aws, &site, &nothing, false).await?;
        let name = format!("{}-{}", site.app, site.stage.as_str());
        let confirm = || ask::typed(&name, "delete all of it, with its logs?");
        let destroyed = carry_out(aws, &site, (&plan, &nothing), request, told, confirm).await?;
        if let Some(changed) = destroyed {
            let what = match &changed.words()[..] {
                "" => format!("nothing to do, there is no {}", site.shown()),
                words => format!("deleted the {words} of {}", site.shown()),
            };
            told.ended(true, &what, &[("changed", json!(changed.all()))]);
        }
        Ok(())
    })
}

/// Refuses names that are no workers of the app.
pub(super) fn known(app: &App, names: &[String]) -> Result<()> {
    let workers = names.iter().filter(|name| *name != ENDPOINT);
    let problems: Vec<_> = workers.filter_map(|name| app.worker(name).err()).collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::problems(ExitKind::Call, problems)) }
}

pub(super) async fn planned(aws: &Aws, site: &Site, desired: &Desired, some: bool) -> Result<Plan> {
    let mut actual = read::actual(aws, site, &desired.keys().cloned().collect(), some).await?;
    triggers::read(aws, site, desired, &mut actual, some).await?;
    refuse::foreign(site, &actual)?;
    Ok(Plan::of(site, desired, &actual, some))
}

/// Shows the plan, asks, and does it; what was changed, or none if nothing was to be done now.
async fn carry_out(
    aws: Aws,
    site: &Site,
    (plan, desired): (&Plan, &Desired),
    request: &Request,
    told: &Arc<Deploying>,
    confirm: impl FnOnce() -> Result<()>,
) -> Result<Option<Changed>> {
    told.plan(site, plan)?;
    if request.dry_run {
        told.only_planned();
        return Ok(None);
    }
    if plan.is_empty() {
        return Ok(Some(Changed::default()));
    }
    let interrupt = Interrupt::watch()?;
    if !request.yes {
        confirm()?;
    }
    let (site, told) = (site.clone(), Arc::clone(told));
    let deploy = Deploy { aws, site, told, interrupt, began: milliseconds() };
    let done = apply(&deploy, plan, desired).await;
    if done.is_err() {
        deploy.told.ended(false, "", &[]);
    }
    done.map(Some)
}

async fn url(aws: &Aws, site: &Site, desired: &Desired) -> Option<String> {
    desired.get(ENDPOINT)?.url?;
    // What was deployed is deployed, also if this cannot be read.
    read::url(aws, &site.function(ENDPOINT)).await.ok().flatten().map(|url| url.address)
}

fn milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
