//! Builds and reloads, as readers of the stream get to see them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::reloader::{ReloadFailure, ReloadOutcome, ReloadSuccess};
use crate::event_log::{BuildEvent, BuildStatus, DevEventKind, Level, LogEvent, ReloadEvent};

/// What a reload is to readers. Code that does not compile or load is a build that failed; a build ends also when it made no
/// program another one, so that nobody takes it for broken any more.
pub(crate) fn kinds(reload: &ReloadOutcome) -> Vec<DevEventKind> {
    match reload {
        ReloadOutcome::Reloaded(ReloadSuccess { workers, files, took, was_build, .. }) => {
            let end = was_build
                .then(|| build(BuildStatus::Finished, workers.iter().cloned().collect(), Some(*took), Vec::new()));
            let files = shown(files);
            let kind = |worker: &String| {
                DevEventKind::Reloaded(ReloadEvent {
                    worker: worker.clone(),
                    files: files.clone(),
                    duration_ms: ms(*took),
                })
            };
            end.into_iter().chain(workers.iter().map(kind)).collect()
        }
        ReloadOutcome::Failed(ReloadFailure { workers, messages, said, took, .. }) => {
            let workers = workers.iter().cloned().collect();
            vec![build(BuildStatus::Failed, workers, Some(*took), messages.iter().chain(said).cloned().collect())]
        }
        ReloadOutcome::Written(written) => {
            let line = format!(
                "`{}` was written while `{}` ran, nothing is reloaded for it: {}",
                shown(&written.files).join("`, `"),
                written.worker,
                written.help
            );
            vec![DevEventKind::Log(LogEvent {
                worker: written.worker.as_str().into(),
                request_id: None,
                level: Some(Level::Info),
                line,
            })]
        }
    }
}

/// How far cargo is with the code of these functions.
pub(crate) fn build(
    state: BuildStatus,
    workers: Vec<String>,
    took: Option<Duration>,
    messages: Vec<String>,
) -> DevEventKind {
    DevEventKind::Build(BuildEvent { state, workers, duration_ms: took.map(ms), messages })
}

fn shown(files: &BTreeSet<PathBuf>) -> Vec<String> {
    files.iter().map(|file| file.display().to_string()).collect()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_worker_that_is_reloaded_is_told_of_and_what_does_not_compile_is_a_failed_build() {
        let (files, took) = (BTreeSet::from([PathBuf::from("workers/a/main.py")]), Duration::from_millis(90));
        let workers = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        let reload = ReloadOutcome::Reloaded(ReloadSuccess {
            workers,
            endpoint: None,
            files: files.clone(),
            took,
            was_build: false,
        });
        let told: Vec<_> = kinds(&reload).into_iter().filter_map(|kind| serde_json::to_value(kind).ok()).collect();
        assert_eq!(told.len(), 2);
        assert_eq!((&told[1]["worker"], &told[1]["duration_ms"]), (&"b".into(), &90.0.into()), "{told:?}");
        assert_eq!(told[1]["files"][0], "workers/a/main.py");
        let (files_of_a_build, workers) = (files.clone(), BTreeSet::new());
        let same = ReloadSuccess { workers, endpoint: None, files: files_of_a_build, took, was_build: true };
        let told: Vec<_> = kinds(&ReloadOutcome::Reloaded(same))
            .into_iter()
            .filter_map(|kind| serde_json::to_value(kind).ok())
            .collect();
        assert_eq!((told.len(), &told[0]["kind"], &told[0]["state"]), (1, &"build".into(), &"finished".into()));
        let (messages, said) = (vec!["failed to compile `a`".to_owned()], vec!["error: expected one of".to_owned()]);
        let failed = ReloadOutcome::Failed(ReloadFailure { workers: BTreeSet::new(), files, messages, said, took });
        let told: Vec<_> = kinds(&failed).into_iter().filter_map(|kind| serde_json::to_value(kind).ok()).collect();
        assert_eq!(
            (told.len(), &told[0]["state"], &told[0]["messages"]),
            (1, &"failed".into(), &serde_json::json!(["failed to compile `a`", "error: expected one of"]))
        );
    }
}
