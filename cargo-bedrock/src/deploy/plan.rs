//! What has to be done so that what there is becomes what is to be: for each function steps in their order, and why. Knows
//! no clock, no client and no disk: `--dry-run` shows the very plan that is carried out.
//!
//! Each step may be the last one that is done, and the next plan goes on from there. Therefore the log group is made first
//! and deleted last: it is how what was begun is found again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::actual::{Actual, Deployed, Found};
use super::desired::{Desired, Events, Function, UrlAuth};
use super::policy::trust;
use super::stage::Site;
use super::triggers::{self, PlannedTrigger};
use super::version::changed;
use crate::pack::Digest;

/// Versions of a layer that stay, for going back to.
const LAYERS_KEPT: usize = 5;
/// The statements that let everybody call a URL, by their ids.
pub(crate) const URL_STATEMENTS: [Statement; 2] = [Statement::Url, Statement::FunctionThroughUrl];

/// What is done about each function, those that stay as they are included.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) functions: Vec<Planned>,
    /// What invokes them besides calls.
    pub(crate) triggers: Vec<PlannedTrigger>,
}

/// What is done about one function.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// The worker, or `endpoint`.
    pub(crate) key: String,
    pub(crate) function: String,
    pub(crate) change: Change,
    /// For people: ``memory 128 → 512``.
    pub(crate) reasons: Vec<String>,
    pub(crate) steps: Vec<Step>,
    /// What can be done only when all functions are there.
    pub(crate) later: Vec<Step>,
    /// ARN of the worker's own layer, if it is published already.
    pub(crate) layer: Option<String>,
    /// The version in use.
    pub(crate) live: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Create,
    Update,
    Delete,
    Keep,
}

/// One thing that is done; doing it again does no harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    MakeLogGroup,
    KeepLogs,
    MakeRole,
    TrustLambda,
    WriteOwnPolicy,
    /// A managed policy by its name.
    AddPolicy(String, Value),
    RemovePolicy(String),
    PublishLayer,
    MakeFunction,
    UpdateSettings,
    UpdateCode,
    ReserveConcurrency,
    SetEvents,
    SetRecursion,
    /// Publishes a version and lets the alias `live` point to it.
    Publish,
    MakeUrl,
    SetUrlAuth,
    Allow(Statement),
    Disallow(Statement),
    /// Old versions of the layer, by their numbers.
    DropLayers(Vec<i64>),
    DeleteFunction,
    DeleteRole,
    DeleteLogGroup,
}

/// What a URL for everybody takes since October 2025.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statement {
    /// The URL may be called.
    Url,
    /// The function may be called, if it is through its URL.
    FunctionThroughUrl,
}

impl Statement {
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Url => "bedrock-url",
            Self::FunctionThroughUrl => "bedrock-function-through-url",
        }
    }
}

impl Plan {
    /// From `actual` to `desired`. What is not desired is deleted, unless the plan is for `some` functions alone.
    pub(crate) fn of(site: &Site, desired: &Desired, actual: &Actual, some: bool) -> Self {
        let nothing = Found::default();
        let kept = desired.iter().map(|(key, wanted)| {
            let found = actual.functions.get(key).unwrap_or(&nothing);
            keep(site, key, wanted, found)
        });
        let gone = actual.functions.iter().filter(|(key, _)| !some && !desired.contains_key(*key));
        let mut functions: Vec<Planned> = kept.chain(gone.map(|(key, found)| delete(site, key, found))).collect();
        functions.sort_by(|one, other| one.key.cmp(&other.key));
        Self { functions, triggers: triggers::plan(site, desired, actual, some) }
    }

    /// What there is something to do about.
    pub(crate) fn changes(&self) -> impl Iterator<Item = &Planned> {
        self.functions.iter().filter(|planned| planned.change != Change::Keep)
    }

    /// What there is something to do about besides functions.
    pub(crate) fn trigger_changes(&self) -> impl Iterator<Item = &PlannedTrigger> {
        self.triggers.iter().filter(|planned| planned.change != Change::Keep)
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes().next().is_none() && self.trigger_changes().next().is_none()
    }

    pub(crate) fn count(&self, change: Change) -> usize {
        let all = self.functions.iter().map(|planned| planned.change);
        all.chain(self.triggers.iter().map(|planned| planned.change)).filter(|each| *each == change).count()
    }
}

fn keep(site: &Site, key: &str, wanted: &Function, found: &Found) -> Planned {
    let mut steps = Steps::default();
    log(&mut steps, wanted, found);
    role(&mut steps, site, key, wanted, found);
    let layer = layer(wanted, found);
    let layers = layers(&mut steps, wanted, layer.as_deref());
    match &found.function {
        None => create(&mut steps, wanted),
        Some(deployed) => update(&mut steps, wanted, deployed, layers),
    }
    old_layers(&mut steps, wanted, found);
    let change = match &found.function {
        None => Change::Create,
        Some(_) if steps.steps.is_empty() => Change::Keep,
        Some(_) => Change::Update,
    };
    let reasons = if change == Change::Update { steps.reasons } else { Vec::new() };
    let live = found.function.as_ref().and_then(|deployed| deployed.live.as_ref()).map(|(number, _)| number.clone());
    // Lambda looks whether there is such a function.
    let waits = |step: &Step| *step == Step::SetEvents && wanted.events.go_to(site);
    let (after, steps) = steps.steps.into_iter().partition(waits);
    Planned { key: key.to_owned(), function: site.function(key), change, reasons, steps, later: after, layer, live }
}

fn delete(site: &Site, key: &str, found: &Found) -> Planned {
    let mut steps = Vec::new();
    if found.function.is_some() {
        steps.push(Step::DeleteFunction);
    }
    if !found.layers.is_empty() {
        steps.push(Step::DropLayers(found.layers.iter().map(|layer| layer.number).collect()));
    }
    if found.role.is_some() {
        steps.push(Step::DeleteRole);
    }
    steps.extend(found.managed.keys().cloned().map(Step::RemovePolicy));
    if found.log.is_some() {
        steps.push(Step::DeleteLogGroup);
    }
    Planned {
        key: key.to_owned(),
        function: site.function(key),
        change: Change::Delete,
        reasons: vec!["with its role and its log".to_owned()],
        steps,
        later: Vec::new(),
        layer: None,
        live: None,
    }
}

/// Steps as they come together; several of them may have the same reason.
#[derive(Debug, Default)]
struct Steps {
    steps: Vec<Step>,
    reasons: Vec<String>,
}

impl Steps {
    fn add(&mut self, step: Step, reason: impl Into<String>) {
        self.steps.push(step);
        self.because([reason.into()]);
    }

    fn because(&mut self, reasons: impl IntoIterator<Item = String>) {
        for reason in reasons {
            if !self.reasons.contains(&reason) {
                self.reasons.push(reason);
            }
        }
    }
}

fn log(steps: &mut Steps, wanted: &Function, found: &Found) {
    match &found.log {
        None => steps.add(Step::MakeLogGroup, "log group"),
        // One that Lambda made, or the user: nobody says yet that it is ours.
        Some(_) if found.function.is_none() => steps.add(Step::MakeLogGroup, "log group"),
        Some(log) => {
            let old = log.retention.map_or("for ever".to_owned(), |days| days.to_string());
            if let Some(reason) = changed("log retention", &old, &wanted.log_retention.to_string()) {
                steps.add(Step::KeepLogs, reason);
            }
        }
    }
}

fn role(steps: &mut Steps, site: &Site, key: &str, wanted: &Function, found: &Found) {
    match &found.role {
        None => steps.add(Step::MakeRole, "role"),
        Some(role) if role.trust != trust() => steps.add(Step::TrustLambda, "role"),
        Some(_) => {}
    }
    if found.role.as_ref().and_then(|role| role.own.as_ref()) != Some(&wanted.policies.own) {
        steps.add(Step::WriteOwnPolicy, "rights");
    }
    // A policy is never changed: its name says what is in it.
    let named = wanted.policies.managed.iter().enumerate().map(|(at, document)| {
        let digest = Digest::of(document.to_string().as_bytes()).to_string();
        (format!("{}-{at}-{}", site.role(key), digest.get(..8).unwrap_or_default()), document)
    });
    let named: BTreeMap<String, &Value> = named.collect();
    for (name, document) in named.iter().filter(|(name, _)| found.managed.get(*name) != Some(&true)) {
        steps.add(Step::AddPolicy(name.clone(), (*document).clone()), "rights");
    }
    for name in found.managed.keys().filter(|name| !named.contains_key(*name)) {
        steps.add(Step::RemovePolicy(name.clone()), "rights");
    }
}

/// The version of the worker's layer that has what is wanted in it.
fn layer(wanted: &Function, found: &Found) -> Option<String> {
    let layer = wanted.layer.as_ref()?;
    found.layers.iter().find(|version| version.description == layer.description).map(|version| version.arn.clone())
}

/// The layers that the function is to have; none if its own has to be published first.
fn layers(steps: &mut Steps, wanted: &Function, own: Option<&str>) -> Option<Vec<String>> {
    if wanted.layer.is_some() && own.is_none() {
        steps.add(Step::PublishLayer, "layers");
        return None;
    }
    Some(wanted.layers(own))
}

fn create(steps: &mut Steps, wanted: &Function) {
    steps.add(Step::MakeFunction, "function");
    if wanted.concurrency.is_some() {
        steps.add(Step::ReserveConcurrency, "concurrency");
    }
    if wanted.events != Events::default() {
        steps.add(Step::SetEvents, "events");
    }
    if wanted.may_recurse {
        steps.add(Step::SetRecursion, "recursion");
    }
    steps.add(Step::Publish, "version");
    if let Some(auth) = wanted.url {
        steps.add(Step::MakeUrl, "URL");
        allow(steps, auth, &BTreeSet::new());
    }
}

fn update(steps: &mut Steps, wanted: &Function, deployed: &Deployed, layers: Option<Vec<String>>) {
    let version = super::version::Version { layers, ..wanted.version.clone() };
    let latest = deployed.latest.differences(&version);
    if !latest.settings.is_empty() || deployed.failed.is_some() {
        steps.steps.push(Step::UpdateSettings);
        steps.because(deployed.failed.iter().map(|why| format!("its last update failed: {why}")));
    }
    if !latest.code.is_empty() {
        steps.steps.push(Step::UpdateCode);
    }
    let live = deployed.live.as_ref().map(|(_, live)| live.differences(&version));
    let is_live = latest.is_empty() && live.as_ref().is_some_and(super::version::Differences::is_empty);
    steps.because(latest.code);
    steps.because(latest.settings);
    beside(steps, wanted, deployed);
    if !is_live {
        steps.steps.push(Step::Publish);
        match live {
            None => steps.because(["alias `live`".to_owned()]),
            Some(live) => steps.because(live.code.into_iter().chain(live.settings)),
        }
    }
    url(steps, wanted.url, deployed);
}

/// What is not part of a version.
fn beside(steps: &mut Steps, wanted: &Function, deployed: &Deployed) {
    let shown = |reserved: Option<i32>| reserved.map_or("none".to_owned(), |count| count.to_string());
    if let Some(reason) = changed("concurrency", &shown(deployed.concurrency), &shown(wanted.concurrency)) {
        steps.add(Step::ReserveConcurrency, reason);
    }
    let (old, new) = (&deployed.events, &wanted.events);
    if old != new {
        steps.steps.push(Step::SetEvents);
        let reasons = [
            changed("retries", &old.retries, &new.retries),
            changed("event age", &old.age, &new.age),
            (old.on_failure != new.on_failure).then(|| "on-failure".to_owned()),
            (old.on_success != new.on_success).then(|| "on-success".to_owned()),
        ];
        steps.because(reasons.into_iter().flatten());
    }
    let shown = |allowed: bool| if allowed { "allow" } else { "terminate" };
    if let Some(reason) = changed("recursion", &shown(deployed.may_recurse), &shown(wanted.may_recurse)) {
        steps.add(Step::SetRecursion, reason);
    }
}

fn url(steps: &mut Steps, wanted: Option<UrlAuth>, deployed: &Deployed) {
    match (wanted, deployed.url.as_ref().map(|url| url.auth)) {
        (Some(_), None) => steps.add(Step::MakeUrl, "URL"),
        (Some(wanted), Some(found)) if wanted != found => steps.add(Step::SetUrlAuth, "who may call the URL"),
        _ => {}
    }
    allow(steps, wanted.unwrap_or(UrlAuth::Iam), &deployed.statements);
}

/// Everybody may call the URL, or nobody whom IAM does not let.
fn allow(steps: &mut Steps, auth: UrlAuth, statements: &BTreeSet<String>) {
    for statement in URL_STATEMENTS {
        match (auth, statements.contains(statement.id())) {
            (UrlAuth::Everybody, false) => steps.add(Step::Allow(statement), "who may call the URL"),
            (UrlAuth::Iam, true) => steps.add(Step::Disallow(statement), "who may call the URL"),
            _ => {}
        }
    }
}

/// Only when there is a new one, so that a plan without changes has no steps.
fn old_layers(steps: &mut Steps, wanted: &Function, found: &Found) {
    if !steps.steps.contains(&Step::PublishLayer) || wanted.layer.is_none() {
        return;
    }
    let mut numbers: Vec<i64> = found.layers.iter().map(|layer| layer.number).collect();
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    let old: Vec<i64> = numbers.into_iter().skip(LAYERS_KEPT - 1).collect();
    if !old.is_empty() {
        steps.steps.push(Step::DropLayers(old));
    }
}

#[cfg(test)]
mod tests;
