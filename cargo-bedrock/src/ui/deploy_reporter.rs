//! The progress of a deploy, destroy or rollback: a line for each finished function, or JSON lines on standard output, which
//! `docs/src/deploy.md` lists.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bedrock_deploy::{
    AliasMove, CanaryPlan, CanaryProgress, ChangeCount, DeployObserver, Outcome, Plan, PlannedFunction, PlannedTrigger,
    StageContext,
};
use bedrock_diagnostics::{Error, Result};
use serde_json::{Value, json};

use super::printer::Printer;

/// Version of the JSON events. Keys may be added to a version, never changed.
const VERSION: u32 = 1;

/// Prints the progress of a deploy, destroy or rollback.
#[derive(Debug)]
pub(crate) struct DeployReporter {
    print: Printer,
    /// Whether to print JSON instead of text.
    is_json: bool,
    started: Instant,
    /// Whether the event `finished` is printed.
    is_finished: AtomicBool,
}

impl DeployReporter {
    pub(crate) fn new(mut print: Printer, is_json: bool) -> Self {
        print.quiet |= is_json;
        Self { print, is_json, started: Instant::now(), is_finished: AtomicBool::new(false) }
    }

    /// Prints the events `error` and `finished` of an operation that failed before its first step. Returns `result`.
    pub(crate) fn end(&self, result: Result<()>) -> Result<()> {
        if let Err(error) = &result
            && !self.is_finished.load(Ordering::Relaxed)
        {
            self.print_errors(None, error);
            self.print_finished(false, &[]);
        }
        result
    }

    fn print_errors(&self, resource: Option<&str>, error: &Error) {
        for report in &error.reports {
            let mut event = BTreeMap::from([
                ("message", json!(report.message)),
                ("causes", json!(report.causes)),
                ("help", json!(report.help)),
            ]);
            event.extend(resource.map(|resource| ("function", json!(resource))));
            self.print_json("error", event);
        }
    }

    fn print_function_finished(&self, function: &str, change: &str, elapsed: Duration) {
        self.print_event(
            "function-finished",
            [("function", json!(function)), ("change", json!(change)), ("seconds", seconds(elapsed))],
        );
    }

    /// Prints the end of a successful operation.
    fn print_success(&self, message: &str, keys: &[(&'static str, Value)]) {
        self.print.done(&format!("{message} ({:.1} s)", self.started.elapsed().as_secs_f64()));
        self.print_finished(true, keys);
    }

    fn print_finished(&self, is_success: bool, keys: &[(&'static str, Value)]) {
        let mut event: BTreeMap<&str, Value> = keys.iter().cloned().collect();
        event.insert("success", json!(is_success));
        event.insert("seconds", seconds(self.started.elapsed()));
        self.is_finished.store(true, Ordering::Relaxed);
        self.print_json("finished", event);
    }

    fn print_event<const N: usize>(&self, name: &str, keys: [(&str, Value); N]) {
        self.print_json(name, BTreeMap::from(keys));
    }

    /// Prints nothing unless the output is JSON.
    fn print_json(&self, name: &str, mut event: BTreeMap<&str, Value>) {
        if !self.is_json {
            return;
        }
        event.insert("version", json!(VERSION));
        event.insert("event", json!(name));
        // The deploy continues if nothing reads its output.
        let _: Result<()> = Printer::data(&(json!(event).to_string() + "\n"));
    }
}

impl DeployObserver for DeployReporter {
    /// Prints the plan on standard output, as text too: it is the result of `--dry-run`.
    fn planned(&self, stage: &StageContext, plan: &Plan) -> Result<()> {
        if !self.is_json {
            return Printer::data(&plan.render(stage));
        }
        let function = |planned: &PlannedFunction| {
            json!({
                "worker": planned.key,
                "function": planned.function,
                "change": planned.change.id(),
                "reasons": planned.reasons,
                "steps": planned.step_ids(),
            })
        };
        let trigger = |planned: &PlannedTrigger| {
            json!({
                "trigger": planned.resource,
                "change": planned.change.id(),
                "reasons": planned.reasons,
                "steps": planned.step_ids(),
            })
        };
        let functions: Vec<Value> = plan.functions.iter().map(function).collect();
        let triggers: Vec<Value> = plan.triggers.iter().map(trigger).collect();
        self.print_event(
            "plan",
            [
                ("app", json!(stage.app)),
                ("stage", json!(stage.name.as_str())),
                ("region", json!(stage.env.region)),
                ("account", json!(stage.env.account)),
                ("functions", json!(functions)),
                ("triggers", json!(triggers)),
                ("canary", canary_json(plan.canary.as_ref())),
            ],
        );
        Ok(())
    }

    fn rollback_planned(&self, moves: &[AliasMove]) -> Result<()> {
        if !self.is_json {
            let line = |AliasMove { function, from, to, .. }: &AliasMove| {
                format!("~ rollback  {function} (version {from} → {to})\n")
            };
            return Printer::data(&moves.iter().map(line).collect::<String>());
        }
        let function = |AliasMove { function, from, to, .. }: &AliasMove| json!({ "function": function, "change": "rollback", "from": from, "to": to });
        let functions: Vec<Value> = moves.iter().map(function).collect();
        self.print_event("plan", [("functions", json!(functions))]);
        Ok(())
    }

    fn function_step_finished(&self, function: &str, step_id: &str, elapsed: Duration) {
        self.print_event(
            "step-finished",
            [("function", json!(function)), ("step", json!(step_id)), ("seconds", seconds(elapsed))],
        );
    }

    fn function_finished(&self, planned: &PlannedFunction, elapsed: Duration) {
        let PlannedFunction { function, change, .. } = planned;
        self.print.done(&format!("{} `{function}` ({:.1} s)", change.past_tense(), elapsed.as_secs_f64()));
        self.print_function_finished(function, change.id(), elapsed);
    }

    fn function_rolled_back(&self, alias_move: &AliasMove, elapsed: Duration) {
        let AliasMove { function, from, to, .. } = alias_move;
        self.print.done(&format!("rolled back `{function}`: version {from} → {to} ({:.1} s)", elapsed.as_secs_f64()));
        self.print_function_finished(function, "rollback", elapsed);
    }

    fn trigger_step_finished(&self, planned: &PlannedTrigger, step_id: &str, elapsed: Duration) {
        self.print_event(
            "step-finished",
            [("trigger", json!(planned.resource)), ("step", json!(step_id)), ("seconds", seconds(elapsed))],
        );
    }

    fn trigger_finished(&self, planned: &PlannedTrigger, elapsed: Duration) {
        let PlannedTrigger { resource, change, .. } = planned;
        self.print.done(&format!("{} {resource} ({:.1} s)", change.past_tense(), elapsed.as_secs_f64()));
        self.print_event(
            "trigger-finished",
            [("trigger", json!(resource)), ("change", json!(change.id())), ("seconds", seconds(elapsed))],
        );
    }

    /// Prints the error as JSON only; as text, the command prints all errors at its end.
    fn failed(&self, resource: &str, error: &Error) {
        self.print_errors(Some(resource), error);
    }

    fn canary_progress(&self, progress: &CanaryProgress<'_>) {
        let CanaryProgress { canary, elapsed } = progress;
        let percent = canary.percent;
        let total = canary.duration.as_secs();
        let state = match elapsed {
            None => {
                self.print.note("all calls go to the old versions again");
                "shifted-back"
            }
            Some(elapsed) if elapsed.as_secs() == 0 => {
                self.print.note(&format!("{percent} % of the calls go to the new versions for {total} s"));
                "shifted"
            }
            Some(elapsed) => {
                self.print.note(&format!("no alarm has fired in {} of {total} s", elapsed.as_secs()));
                "shifted"
            }
        };
        let elapsed = elapsed.map_or(Value::Null, |elapsed| json!(elapsed.as_secs()));
        self.print_event("canary", [("state", json!(state)), ("percent", json!(percent)), ("elapsed", elapsed)]);
    }

    fn warning(&self, message: &str) {
        self.print.warning(message);
        self.print_event("warning", [("message", json!(message))]);
    }

    fn finished(&self, outcome: &Outcome<'_>) {
        match outcome {
            Outcome::Deployed { stage, changed, url, requests, is_recorded } => {
                if let Some(url) = url {
                    self.print.note(&format!("the endpoint listens on {url}"));
                }
                if *is_recorded {
                    self.print
                        .note("only the functions were read again: `--refresh` also finds changes by hand elsewhere");
                }
                let message = change_text(*changed).map_or_else(
                    || format!("nothing to do, {stage} is up to date"),
                    |text| format!("deployed {text} to {stage}"),
                );
                let keys = [("changed", json!(changed.total())), ("requests", json!(requests)), ("url", json!(url))];
                self.print_success(&message, &keys);
            }
            Outcome::Destroyed { stage, changed } => {
                let message = change_text(*changed).map_or_else(
                    || format!("nothing to do, {stage} does not exist"),
                    |text| format!("deleted the {text} of {stage}"),
                );
                self.print_success(&message, &[("changed", json!(changed.total()))]);
            }
            Outcome::RolledBack { stage, functions } => {
                let text = if *functions == 1 { "1 function".to_owned() } else { format!("{functions} functions") };
                self.print_success(&format!("rolled back {text} of {stage}"), &[("changed", json!(functions))]);
            }
            Outcome::DryRun => {
                self.print.note("nothing was changed, because `--dry-run` was given");
                self.print_finished(true, &[("changed", json!(0))]);
            }
            Outcome::Failed => self.print_finished(false, &[]),
        }
    }
}

/// Returns null if there is no canary.
fn canary_json(canary: Option<&CanaryPlan>) -> Value {
    canary.map_or(Value::Null, |canary| {
        let functions: Vec<&String> = canary.functions.iter().map(|shifted| &shifted.function).collect();
        json!({
            "percent": canary.percent,
            "seconds": canary.duration.as_secs(),
            "functions": functions,
            "alarms": canary.alarms,
        })
    })
}

/// Returns for example `2 functions and 1 trigger`, or `None` if nothing was changed.
fn change_text(count: ChangeCount) -> Option<String> {
    let counted = |count: usize, noun: &str| match count {
        0 => None,
        1 => Some(format!("1 {noun}")),
        many => Some(format!("{many} {noun}s")),
    };
    let parts = [counted(count.functions, "function"), counted(count.triggers, "trigger")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}

fn seconds(elapsed: Duration) -> Value {
    json!((elapsed.as_secs_f64() * 1000.0).round() / 1000.0)
}
