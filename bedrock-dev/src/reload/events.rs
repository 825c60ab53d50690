//! Builds and reloads as entries of the event log.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::outcome::{BuildError, ReloadFailure, ReloadOutcome, ReloadSuccess};
use crate::event_log::{BuildEvent, BuildStatus, DevEventKind, Level, LogEvent, ReloadEvent};

/// Returns the events of a reload. Code that does not compile or load is a failed build. A build that changed no
/// program has an event, too, so that an earlier failure is not considered current any more.
pub(crate) fn events_of(outcome: &ReloadOutcome) -> Vec<DevEventKind> {
    match outcome {
        ReloadOutcome::Reloaded(success) => events_of_success(success),
        ReloadOutcome::Failed(ReloadFailure { workers, messages, compiler_output, took, .. }) => {
            let workers = workers.iter().cloned().collect();
            let messages = messages.iter().chain(compiler_output).cloned().collect();
            vec![build_event(BuildStatus::Failed, workers, Some(*took), messages)]
        }
        ReloadOutcome::Written(written) => {
            let line = format!(
                "`{}` was written while `{}` ran, so nothing is reloaded: {}",
                display_paths(&written.files).join("`, `"),
                written.worker,
                written.help
            );
            let worker = written.worker.as_str().into();
            vec![DevEventKind::Log(LogEvent { worker, request_id: None, level: Some(Level::Info), line })]
        }
    }
}

fn events_of_success(success: &ReloadSuccess) -> Vec<DevEventKind> {
    let ReloadSuccess { workers, files, took, was_build, .. } = success;
    let build_finished = was_build
        .then(|| build_event(BuildStatus::Finished, workers.iter().cloned().collect(), Some(*took), Vec::new()));
    let files = display_paths(files);
    let duration_ms = milliseconds(*took);
    let reloaded = workers.iter().map(|worker| {
        DevEventKind::Reloaded(ReloadEvent { worker: worker.clone(), files: files.clone(), duration_ms })
    });
    build_finished.into_iter().chain(reloaded).collect()
}

/// Returns the event of a build that starts to compile the code of these functions.
pub(crate) fn build_started(functions: Vec<String>) -> DevEventKind {
    build_event(BuildStatus::Started, functions, None, Vec::new())
}

/// Returns the event of a build that failed.
pub(crate) fn build_failed(error: &BuildError) -> DevEventKind {
    let messages = error.messages.iter().chain(&error.compiler_output).cloned().collect();
    build_event(BuildStatus::Failed, Vec::new(), None, messages)
}

fn build_event(
    state: BuildStatus,
    workers: Vec<String>,
    duration: Option<Duration>,
    messages: Vec<String>,
) -> DevEventKind {
    DevEventKind::Build(BuildEvent { state, workers, duration_ms: duration.map(milliseconds), messages })
}

fn display_paths(files: &BTreeSet<PathBuf>) -> Vec<String> {
    files.iter().map(|file| file.display().to_string()).collect()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn events_as_json(outcome: &ReloadOutcome) -> Vec<Value> {
        events_of(outcome).into_iter().filter_map(|kind| serde_json::to_value(kind).ok()).collect()
    }

    #[test]
    fn reloads_have_one_event_per_worker_or_build() {
        let files = BTreeSet::from([PathBuf::from("workers/a/main.py")]);
        let took = Duration::from_millis(90);
        let success = |workers, was_build| {
            let files = files.clone();
            ReloadOutcome::Reloaded(ReloadSuccess { workers, endpoint: None, files, took, was_build })
        };
        let events = events_as_json(&success(BTreeSet::from(["a".to_owned(), "b".to_owned()]), false));
        assert_eq!(events.len(), 2);
        assert_eq!((&events[1]["worker"], &events[1]["duration_ms"]), (&"b".into(), &90.0.into()), "{events:?}");
        assert_eq!(events[1]["files"][0], "workers/a/main.py");
        let events = events_as_json(&success(BTreeSet::new(), true));
        assert_eq!((events.len(), &events[0]["kind"], &events[0]["state"]), (1, &"build".into(), &"finished".into()));
        let failure = ReloadFailure {
            workers: BTreeSet::new(),
            files: files.clone(),
            messages: vec!["failed to compile `a`".to_owned()],
            compiler_output: vec!["error: expected one of".to_owned()],
            took,
        };
        let events = events_as_json(&ReloadOutcome::Failed(failure));
        assert_eq!(
            (events.len(), &events[0]["state"], &events[0]["messages"]),
            (1, &"failed".into(), &json!(["failed to compile `a`", "error: expected one of"]))
        );
    }
}
