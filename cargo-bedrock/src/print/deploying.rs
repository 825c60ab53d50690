//! How far a deploy is: a line for each function that is as it should be; for machines one JSON object a line on the
//! standard output, `docs/src/deploy.md` lists them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Printer;
use crate::deploy::{Change, Plan, Planned, PlannedTrigger, Site, Step, TriggerStep, shown};
use bedrock_diagnostics::{Error, Result};

/// Of the events for machines. Keys may be added to a version, never changed.
const VERSION: u32 = 1;

/// Tells how far a deploy is.
#[derive(Debug)]
pub(crate) struct Deploying {
    print: Printer,
    /// JSON for machines instead of words for people.
    json: bool,
    began: Instant,
}

impl Deploying {
    pub(crate) fn new(mut print: Printer, json: bool) -> Self {
        print.quiet |= json;
        Self { print, json, began: Instant::now() }
    }

    /// The plan is data, also for people: `--dry-run` is asked for it.
    pub(crate) fn plan(&self, site: &Site, plan: &Plan) -> Result<()> {
        if !self.json {
            return Printer::data(&shown(site, plan));
        }
        let function = |planned: &Planned| {
            json!({
                "worker": planned.key,
                "function": planned.function,
                "change": planned.change.id(),
                "reasons": planned.reasons,
                "steps": planned.steps.iter().chain(&planned.later).map(Step::id).collect::<Vec<_>>(),
            })
        };
        let trigger = |planned: &PlannedTrigger| {
            json!({
                "trigger": planned.what,
                "change": planned.change.id(),
                "reasons": planned.reasons,
                "steps": planned.steps.iter().map(TriggerStep::id).collect::<Vec<_>>(),
            })
        };
        let triggers: Vec<Value> = plan.triggers.iter().map(trigger).collect();
        let functions: Vec<Value> = plan.functions.iter().map(function).collect();
        self.event(
            "plan",
            [
                ("app", json!(site.app)),
                ("stage", json!(site.stage.as_str())),
                ("region", json!(site.place.region)),
                ("account", json!(site.place.account)),
                ("functions", json!(functions)),
                ("triggers", json!(triggers)),
            ],
        );
        Ok(())
    }

    pub(crate) fn step(&self, function: &str, step: &Step, took: Duration) {
        self.event(
            "step-finished",
            [("function", json!(function)), ("step", json!(step.id())), ("seconds", seconds(took))],
        );
    }

    pub(crate) fn finished(&self, planned: &Planned, took: Duration) {
        let Planned { function, change, .. } = planned;
        self.print.done(&format!("{} `{function}` ({:.1} s)", change.done(), took.as_secs_f64()));
        self.function_finished(function, change.id(), took);
    }

    pub(crate) fn trigger_step(&self, planned: &PlannedTrigger, step: &TriggerStep, took: Duration) {
        let step = json!(step.id());
        self.event("step-finished", [("trigger", json!(planned.what)), ("step", step), ("seconds", seconds(took))]);
    }

    pub(crate) fn trigger_finished(&self, planned: &PlannedTrigger, took: Duration) {
        let PlannedTrigger { what, change, .. } = planned;
        self.print.done(&format!("{} {what} ({:.1} s)", change.done(), took.as_secs_f64()));
        let change = json!(change.id());
        self.event("trigger-finished", [("trigger", json!(what)), ("change", change), ("seconds", seconds(took))]);
    }

    pub(crate) fn rolled_back(&self, function: &str, (from, to): (&str, &str), took: Duration) {
        self.print.done(&format!("rolled back `{function}`: version {from} → {to} ({:.1} s)", took.as_secs_f64()));
        self.function_finished(function, "rollback", took);
    }

    /// A failure, for machines; people are told at the end.
    pub(crate) fn failed(&self, function: &str, error: &Error) {
        for report in &error.reports {
            self.event(
                "error",
                [
                    ("function", json!(function)),
                    ("message", json!(report.message)),
                    ("causes", json!(report.causes)),
                    ("help", json!(report.help)),
                ],
            );
        }
    }

    pub(crate) fn warning(&self, text: &str) {
        self.print.warning(text);
        self.event("warning", [("message", json!(text))]);
    }

    /// The end; `what` is for people.
    pub(crate) fn ended(&self, success: bool, what: &str, more: &[(&str, Value)]) {
        if success {
            self.print.done(&format!("{what} ({:.1} s)", self.began.elapsed().as_secs_f64()));
        }
        let mut event: BTreeMap<&str, Value> = more.iter().cloned().collect();
        event.insert("success", json!(success));
        event.insert("seconds", seconds(self.began.elapsed()));
        self.emit("finished", event);
    }

    /// The plan of a rollback: functions, each with the version in use and the one before.
    pub(crate) fn going_back(&self, moves: &[(String, u64, u64)]) -> Result<()> {
        if !self.json {
            let line =
                |(function, from, to): &(String, u64, u64)| format!("~ rollback  {function} (version {from} → {to})\n");
            return Printer::data(&moves.iter().map(line).collect::<String>());
        }
        let function = |(function, from, to): &(String, u64, u64)| json!({ "function": function, "change": "rollback", "from": from, "to": to });
        let functions: Vec<Value> = moves.iter().map(function).collect();
        self.event("plan", [("functions", json!(functions))]);
        Ok(())
    }

    /// The end, if the plan was all that was asked for.
    pub(crate) fn only_planned(&self) {
        self.print.note("nothing was changed, `--dry-run` was given");
        self.event(
            "finished",
            [("success", json!(true)), ("changed", json!(0)), ("seconds", seconds(self.began.elapsed()))],
        );
    }

    pub(crate) fn note(&self, text: &str) {
        self.print.note(text);
    }

    fn function_finished(&self, function: &str, change: &str, took: Duration) {
        self.event(
            "function-finished",
            [("function", json!(function)), ("change", json!(change)), ("seconds", seconds(took))],
        );
    }

    fn event<const N: usize>(&self, name: &str, more: [(&str, Value); N]) {
        self.emit(name, BTreeMap::from(more));
    }

    fn emit(&self, name: &str, mut event: BTreeMap<&str, Value>) {
        if !self.json {
            return;
        }
        event.insert("version", json!(VERSION));
        event.insert("event", json!(name));
        // A reader that went away has enough.
        let _: Result<()> = Printer::data(&(json!(event).to_string() + "\n"));
    }
}

impl Change {
    fn id(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Keep => "keep",
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Update => "updated",
            Self::Delete => "deleted",
            Self::Keep => "kept",
        }
    }
}

fn seconds(took: Duration) -> Value {
    json!((took.as_secs_f64() * 1000.0).round() / 1000.0)
}
