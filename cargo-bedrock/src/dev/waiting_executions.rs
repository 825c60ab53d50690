//! What a reload means for the executions of durable workers that wait: replays them with the changed code, and pauses those
//! that it does not fit, so that the change does not end them. When the code fits again, they go on.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bedrock_build::{App, Worker};
use bedrock_dev::ReloadOutcome;
use bedrock_dev::execution::LogLine;
use bedrock_diagnostics::Result;

use super::compile::Compiler;
use super::output::Output;
use crate::executions::Executions;
use crate::replay::{CompileFn, RecordedHistory, Replayed, Replayer};

/// Executions of a worker that are replayed after a reload, the newest ones.
const MAX_REPLAYED_EXECUTIONS: usize = 50;
/// How the reason of a pause begins that this module has requested.
const PAUSE_REASON: &str = "the changed code does not fit: ";
/// Characters of the reason that Lambda's API accepts.
const MAX_REASON_CHARS: usize = 1024;

/// Prints a line about a worker.
type PrintLine = Arc<dyn Fn(LogLine) + Send + Sync>;

/// Checks the executions of a dev server, one reload after the other.
pub(super) struct WaitingExecutions {
    port: u16,
    compiler: Compiler,
    print: PrintLine,
    /// The number of the newest reload: earlier ones are not checked any more.
    newest: Arc<AtomicU64>,
    /// Locked while a reload is checked.
    running: Arc<Mutex<()>>,
}

impl WaitingExecutions {
    pub(super) fn new(port: u16, compiler: &Compiler, output: &Output) -> Self {
        Self {
            port,
            compiler: compiler.clone(),
            print: Arc::new(output.log_sink()),
            newest: Arc::default(),
            running: Arc::default(),
        }
    }

    /// Checks the executions of the durable workers that were reloaded, in the background.
    pub(super) fn check(&self, app: &App, reload: &ReloadOutcome) {
        let ReloadOutcome::Reloaded(reloaded) = reload else { return };
        let workers: BTreeSet<String> = durable(app, &reloaded.workers).map(|worker| worker.name.to_string()).collect();
        if workers.is_empty() {
            return;
        }
        let number = self.newest.fetch_add(1, Ordering::SeqCst) + 1;
        let newest = Arc::clone(&self.newest);
        let running = Arc::clone(&self.running);
        let check =
            Check { app: app.clone(), port: self.port, compiler: self.compiler.clone(), print: self.print.clone() };
        tokio::task::spawn_blocking(move || {
            let _guard = running.lock().unwrap_or_else(PoisonError::into_inner);
            if newest.load(Ordering::SeqCst) != number {
                return;
            }
            if let Err(error) = check.run(&workers) {
                let report = error.reports.first().map(|report| report.message.as_str()).unwrap_or_default();
                check.print_line(
                    "",
                    &format!("warning: waiting executions were not compared with the changed code: {report}"),
                );
            }
        });
    }
}

fn durable<'a>(app: &'a App, names: &BTreeSet<String>) -> impl Iterator<Item = &'a Worker> {
    let is_durable = |worker: &&Worker| worker.settings.durable.is_some() && names.contains(worker.name.as_str());
    app.workers.iter().filter(is_durable)
}

/// The check of one reload.
struct Check {
    app: App,
    port: u16,
    compiler: Compiler,
    print: PrintLine,
}

/// An execution that waits.
struct Waiting {
    arn: String,
    history: RecordedHistory,
    /// Whether an earlier check has paused it.
    is_paused: bool,
}

impl Check {
    fn run(&self, names: &BTreeSet<String>) -> Result<()> {
        let executions = Executions::connect(&self.app, Some(self.port))?;
        let workers: Vec<&Worker> = durable(&self.app, names).collect();
        let mut waiting = Vec::new();
        for worker in &workers {
            waiting.extend(self.waiting(&executions, worker.name.as_str())?);
        }
        if waiting.is_empty() {
            return Ok(());
        }
        let histories: Vec<RecordedHistory> = waiting.iter().map(|each| each.history.clone()).collect();
        let compiled = self.compiler.last_programs();
        let compile: &CompileFn<'_> = &|_| Ok(compiled.clone());
        let replayer = Replayer { app: &self.app, tools: self.compiler.tools(), compile };
        replayer.replay(&workers, &histories, &mut |replayed| {
            let found = waiting.iter().find(|each| each.history.arn == replayed.history.arn);
            if let Some(found) = found {
                self.apply(&executions, found, &replayed);
            }
        })
    }

    /// Returns the executions of a worker that have not ended, without those that the user has paused.
    fn waiting(&self, executions: &Executions, worker: &str) -> Result<Vec<Waiting>> {
        let mut waiting = Vec::new();
        let mut missing = 0;
        for execution in executions.list_of(worker)? {
            let arn = execution["DurableExecutionArn"].as_str().unwrap_or_default().to_owned();
            let is_paused = match execution["Status"].as_str() {
                Some("RUNNING") => false,
                Some("PAUSED" | "PAUSING") if is_paused_here(executions, &arn) => true,
                _ => continue,
            };
            if waiting.len() == MAX_REPLAYED_EXECUTIONS {
                missing += 1;
                continue;
            }
            let history = RecordedHistory::of(worker, &arn, executions.history(&arn)?);
            waiting.push(Waiting { arn, history, is_paused });
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
            Ok(result) => match (&result.divergence, waiting.is_paused) {
                (None, false) => return,
                (None, true) => match executions.resume(&waiting.arn, None) {
                    Ok(()) => format!("the code fits the execution `{label}` again, which continues"),
                    // It has ended in the meantime.
                    Err(_) => return,
                },
                (Some(divergence), is_paused) => {
                    let reason: String = format!("{PAUSE_REASON}{divergence}").chars().take(MAX_REASON_CHARS).collect();
                    if !is_paused && executions.pause(&waiting.arn, Some(&reason)).is_err() {
                        return;
                    }
                    format!(
                        "warning: the changed code does not fit the execution `{label}`, which is paused: {divergence}\n\
                         help: undo the change, or continue with it: `cargo bedrock executions resume {label}`"
                    )
                }
            },
        };
        self.print_line(worker, &text);
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
