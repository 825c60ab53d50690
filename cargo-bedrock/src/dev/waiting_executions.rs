//! What a reload means for the executions of durable workers that wait: replays them with the changed code. Those that it
//! fits continue with it, the others keep the old code until the user moves them. Where old code cannot be kept, they are
//! paused, so that the change does not end them.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bedrock_build::{App, Worker};
use bedrock_dev::ReloadOutcome;
use bedrock_dev::execution::LogLine;
use bedrock_diagnostics::Result;
use serde_json::Value;

use super::compile::Compiler;
use super::output::Output;
use crate::executions::{ExecutionCodes, Executions};
use crate::replay::{CompileFn, RecordedHistory, ReplayServer, Replayed, Replayer};

/// Executions of a worker that are replayed after a reload, the newest ones.
const MAX_REPLAYED_EXECUTIONS: usize = 50;
/// How the reason of a pause begins that this module has requested.
const PAUSE_REASON: &str = "the changed code does not fit: ";
/// The reason of a resumption that this module has requested.
const RESUME_REASON: &str = "the code fits again";
/// Characters of the reason that Lambda's API accepts.
const MAX_REASON_CHARS: usize = 1024;

/// Prints a line about a worker.
type PrintLine = Arc<dyn Fn(LogLine) + Send + Sync>;

/// Why executions kept their code or were paused the last time, by ARN, as far as it was printed: an execution that is
/// resumed goes on with the changed code. `None` after the code has fitted.
type PauseReasons = Arc<Mutex<HashMap<String, Option<String>>>>;

/// Checks the executions of a dev server, one reload after the other.
pub(super) struct WaitingExecutions {
    port: u16,
    server: ReplayServer,
    compiler: Compiler,
    print: PrintLine,
    /// The number of the newest reload: checks of earlier ones end early.
    newest: Arc<AtomicU64>,
    /// Reloaded workers that no check has come to the end of.
    unchecked: Arc<Mutex<BTreeSet<String>>>,
    /// Locked while a reload is checked.
    running: Arc<tokio::sync::Mutex<()>>,
    reasons: PauseReasons,
}

impl WaitingExecutions {
    /// Creates the checks of the server on `port`, which runs `app`.
    pub(super) fn new(app: &App, port: u16, compiler: &Compiler, output: &Output) -> Self {
        Self {
            port,
            server: ReplayServer::running(app, &format!("http://127.0.0.1:{port}")),
            compiler: compiler.clone(),
            print: Arc::new(output.log_sink()),
            newest: Arc::default(),
            unchecked: Arc::default(),
            running: Arc::default(),
            reasons: Arc::default(),
        }
    }

    /// Checks the executions of the durable workers that were reloaded, in the background.
    pub(super) fn check(&self, app: &App, reload: &ReloadOutcome) {
        let ReloadOutcome::Reloaded(reloaded) = reload else { return };
        let workers: BTreeSet<String> = durable(app, &reloaded.workers).map(|worker| worker.name.to_string()).collect();
        if workers.is_empty() {
            return;
        }
        self.start(app, workers, false);
    }

    /// Checks the executions that keep old code when a server starts: the code may have changed since the last one.
    pub(super) fn check_old_code(&self, app: &App) {
        let durable = app.workers.iter().filter(|worker| worker.settings.durable.is_some());
        let workers: BTreeSet<String> = durable.map(|worker| worker.name.to_string()).collect();
        if !workers.is_empty() {
            self.start(app, workers, true);
        }
    }

    fn start(&self, app: &App, workers: BTreeSet<String>, is_start: bool) {
        lock(&self.unchecked).extend(workers);
        let check = Check {
            app: app.clone(),
            port: self.port,
            server: self.server.clone(),
            compiler: self.compiler.clone(),
            print: self.print.clone(),
            number: self.newest.fetch_add(1, Ordering::SeqCst) + 1,
            newest: Arc::clone(&self.newest),
            reasons: Arc::clone(&self.reasons),
            is_start,
        };
        let unchecked = Arc::clone(&self.unchecked);
        let running = Arc::clone(&self.running);
        tokio::spawn(async move {
            let _guard = running.lock_owned().await;
            // Its failure would be a panic, which has been printed.
            let _ = tokio::task::spawn_blocking(move || check.run_and_report(&unchecked)).await;
        });
    }
}

impl Drop for WaitingExecutions {
    /// The program does not end before a check has ended.
    fn drop(&mut self) {
        self.newest.fetch_add(1, Ordering::SeqCst);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn durable<'a>(app: &'a App, names: &BTreeSet<String>) -> impl Iterator<Item = &'a Worker> {
    let is_durable = |worker: &&Worker| worker.settings.durable.is_some() && names.contains(worker.name.as_str());
    app.workers.iter().filter(is_durable)
}

/// The check of one reload.
struct Check {
    app: App,
    port: u16,
    server: ReplayServer,
    compiler: Compiler,
    print: PrintLine,
    /// The number of the reload.
    number: u64,
    newest: Arc<AtomicU64>,
    reasons: PauseReasons,
    /// Whether nothing was reloaded: only executions that keep old code are compared.
    is_start: bool,
}

/// An execution that waits.
struct Waiting {
    arn: String,
    history: RecordedHistory,
    /// Whether an earlier check has paused it.
    is_paused: bool,
    /// Whether it keeps old code.
    has_old_code: bool,
    /// The code that its worker had when the check began.
    code: Option<String>,
}

impl Check {
    /// Checks the workers of `unchecked`. They are there again afterwards if a newer reload has to check them.
    fn run_and_report(&self, unchecked: &Mutex<BTreeSet<String>>) {
        if self.is_stale() {
            return;
        }
        let workers = std::mem::take(&mut *lock(unchecked));
        let result = self.run(&workers);
        if self.is_stale() {
            lock(unchecked).extend(workers);
        } else if let Err(error) = result {
            let report = error.reports.first().map(|report| report.message.as_str()).unwrap_or_default();
            self.print_line(
                "",
                &format!("warning: waiting executions were not compared with the changed code: {report}"),
            );
        }
    }

    /// Returns whether there was a newer reload, or the server ends.
    fn is_stale(&self) -> bool {
        self.newest.load(Ordering::SeqCst) != self.number
    }

    fn run(&self, names: &BTreeSet<String>) -> Result<()> {
        let executions = Executions::connect(&self.app, Some(self.port))?;
        let workers: Vec<&Worker> = durable(&self.app, names).collect();
        let mut waiting = Vec::new();
        let codes = executions.codes()?;
        if self.is_start && !codes.has_old() {
            return Ok(());
        }
        for worker in &workers {
            waiting.extend(self.waiting(&executions, &codes, worker.name.as_str())?);
        }
        if waiting.is_empty() || self.is_stale() {
            return Ok(());
        }
        let histories: Vec<RecordedHistory> = waiting.iter().map(|each| each.history.clone()).collect();
        let compiled = self.compiler.last_programs();
        let compile: &CompileFn<'_> = &|_| Ok(compiled.clone());
        let is_stale = &|| self.is_stale();
        let tools = self.compiler.tools();
        let replayer = Replayer { app: &self.app, tools, compile, server: &self.server, is_stale };
        replayer.replay(&workers, &histories, &mut |replayed| {
            let found = waiting.iter().find(|each| each.history.arn == replayed.history.arn);
            if let Some(found) = found {
                self.apply(&executions, found, &replayed);
            }
        })
    }

    /// Returns the executions of a worker that have not ended, without those that go on with the current code, and those
    /// that the user has paused.
    fn waiting(&self, executions: &Executions, codes: &ExecutionCodes, worker: &str) -> Result<Vec<Waiting>> {
        let mut waiting = Vec::new();
        let mut missing = 0;
        for execution in executions.list_of(worker)? {
            if self.is_stale() {
                break;
            }
            let arn = execution["DurableExecutionArn"].as_str().unwrap_or_default().to_owned();
            let is_paused = match execution["Status"].as_str() {
                Some("RUNNING") => false,
                Some("PAUSED" | "PAUSING") if is_paused_here(executions, &arn) => true,
                _ => continue,
            };
            let has_old_code = match codes.of_executions.get(&arn) {
                Some(None) if self.is_start => continue,
                Some(None) => false,
                Some(Some(_)) if codes.is_old(&arn) => true,
                Some(Some(_)) => continue,
                // It is older than those that the server lists.
                None => {
                    missing += 1;
                    continue;
                }
            };
            if waiting.len() == MAX_REPLAYED_EXECUTIONS {
                missing += 1;
                continue;
            }
            let history = RecordedHistory::of(worker, &arn, executions.history(&arn)?);
            let code = codes.current.get(worker).cloned();
            waiting.push(Waiting { arn, history, is_paused, has_old_code, code });
        }
        if missing > 0 {
            let text =
                format!("note: {missing} older executions were not compared; `cargo bedrock replay {worker}` does it");
            self.print_line(worker, &text);
        }
        Ok(waiting)
    }

    fn apply(&self, executions: &Executions, waiting: &Waiting, replayed: &Replayed<'_>) {
        let worker = replayed.worker.name.as_str();
        let label = &waiting.history.label;
        let text = match &replayed.result {
            Err(error) => {
                let report = error.reports.first();
                let causes = report.map(|report| report.causes.join(": ")).unwrap_or_default();
                format!("warning: the execution `{label}` was not compared with the changed code: {causes}")
            }
            Ok(result) => match &result.divergence {
                None => self.apply_fit(executions, waiting),
                Some(divergence) if waiting.has_old_code => self.apply_kept_code(waiting, divergence),
                Some(divergence) => self.apply_divergence(executions, waiting, divergence),
            },
        };
        self.print_line(worker, &text);
    }

    /// Resumes an execution that a check has paused. Returns what is printed.
    fn apply_fit(&self, executions: &Executions, waiting: &Waiting) -> String {
        let last = lock(&self.reasons).insert(waiting.arn.clone(), None);
        // Otherwise it has ended in the meantime, or the code has changed again.
        let is_moved = waiting.has_old_code && executions.update_code(&waiting.arn, waiting.code.as_deref()).is_ok();
        let is_resumed = waiting.is_paused && executions.resume(&waiting.arn, Some(RESUME_REASON)).is_ok();
        if is_resumed || (is_moved && last.flatten().is_some()) {
            return format!("the code fits the execution `{}` again, which continues", waiting.history.label);
        }
        String::new()
    }

    /// Returns what is printed about an execution that keeps old code: nothing if it was printed before.
    fn apply_kept_code(&self, waiting: &Waiting, divergence: &str) -> String {
        let label = &waiting.history.label;
        let reason = Some(divergence.to_owned());
        if lock(&self.reasons).insert(waiting.arn.clone(), reason.clone()) == Some(reason) {
            return String::new();
        }
        format!(
            "warning: the changed code does not fit the execution `{label}`, which keeps the old code: {divergence}\n\
             help: continue with the changed code: `cargo bedrock executions update-code {label}`"
        )
    }

    /// Pauses an execution, unless the user has resumed it after it was paused for the same reason. Returns what is printed.
    fn apply_divergence(&self, executions: &Executions, waiting: &Waiting, divergence: &str) -> String {
        let label = &waiting.history.label;
        let reason: String = format!("{PAUSE_REASON}{divergence}").chars().take(MAX_REASON_CHARS).collect();
        let known = lock(&self.reasons).get(&waiting.arn).cloned();
        // A `dev` that has ended may have paused it.
        let known = known.unwrap_or_else(|| last_reason(&waiting.history.events));
        if !waiting.is_paused {
            if known.as_ref() == Some(&reason) {
                return format!("note: the changed code does not fit the execution `{label}`, which you have resumed");
            }
            if executions.pause(&waiting.arn, Some(&reason)).is_err() {
                return String::new();
            }
        }
        lock(&self.reasons).insert(waiting.arn.clone(), Some(reason));
        format!(
            "warning: the changed code does not fit the execution `{label}`, which is paused: {divergence}\n\
             help: undo the change, or continue with it: `cargo bedrock executions resume {label}`"
        )
    }

    fn print_line(&self, worker: &str, text: &str) {
        for line in text.lines() {
            (self.print)(LogLine { worker: worker.into(), request_id: None, text: line.to_owned() });
        }
    }
}

/// Returns whether a check has paused an execution.
fn is_paused_here(executions: &Executions, arn: &str) -> bool {
    let execution = executions.get(arn).unwrap_or_default();
    execution["PauseDetails"]["Reason"].as_str().is_some_and(|reason| reason.starts_with(PAUSE_REASON))
}

/// Returns why a check has paused an execution the last time. `None` if it fitted again later, or was never paused.
fn last_reason(events: &[Value]) -> Option<String> {
    let reason = |event: &Value, details: &str| event[details]["Reason"]["Payload"].as_str().map(str::to_owned);
    events.iter().fold(None, |last, event| match event["EventType"].as_str() {
        Some("ExecutionPaused") => {
            reason(event, "ExecutionPausedDetails").filter(|reason| reason.starts_with(PAUSE_REASON)).or(last)
        }
        Some("ExecutionResumed") => {
            last.filter(|_| reason(event, "ExecutionResumedDetails").as_deref() != Some(RESUME_REASON))
        }
        _ => last,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(event_type: &str, reason: Option<&str>) -> Value {
        let mut event = json!({ "EventType": event_type });
        event[format!("{event_type}Details")] = json!({ "Reason": { "Payload": reason } });
        event
    }

    #[test]
    fn reason_of_a_pause_is_known_after_a_restart() {
        let paused = event("ExecutionPaused", Some("the changed code does not fit: a"));
        let by_user = event("ExecutionPaused", Some("lunch"));
        let resumed = event("ExecutionResumed", None);
        let fits = event("ExecutionResumed", Some(RESUME_REASON));
        let expected = Some("the changed code does not fit: a".to_owned());
        assert_eq!(last_reason(&[]), None);
        assert_eq!(last_reason(&[by_user.clone(), resumed.clone()]), None);
        assert_eq!(last_reason(&[paused.clone(), resumed.clone()]), expected);
        assert_eq!(last_reason(&[paused.clone(), resumed.clone(), by_user, resumed]), expected);
        assert_eq!(last_reason(&[paused, fits]), None);
    }
}
