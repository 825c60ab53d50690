//! What the app has that determines which tools it needs. If its settings cannot be read, that is the first finding,
//! and only Rust is known to be needed.

use std::fs;
use std::path::{Path, PathBuf};

use bedrock_build::{App, Language, Problem, Worker};
use serde_json::Value;

use super::finding::Finding;
use crate::session::Session;

/// Facts about an app, or about a folder without an app.
#[derive(Debug)]
pub(crate) struct AppFacts {
    /// Folder to run tools in, because a toolchain may be selected per folder.
    pub(super) root: PathBuf,
    pub(super) app: Option<App>,
    /// Name of a Python worker with packages to install.
    pub(super) requirements: Option<String>,
    /// Name of a JavaScript worker with packages to install.
    pub(super) dependencies: Option<String>,
    /// Operating system and processor of this machine, such as `linux` and `x86_64`.
    pub(super) machine: (&'static str, &'static str),
}

impl AppFacts {
    /// Collects the facts about the session's folder, and the findings on the way.
    pub(super) fn collect(session: &Session) -> (Self, Vec<Finding>) {
        let machine = (std::env::consts::OS, std::env::consts::ARCH);
        let mut facts = Self { root: session.dir.clone(), app: None, requirements: None, dependencies: None, machine };
        let findings = match App::search(&session.dir) {
            Err(problems) => problems.into_iter().map(problem_finding).collect(),
            Ok(None) => {
                vec![Finding::note("settings", "there is no app here, so only Rust is known to be needed")]
            }
            Ok(Some(app)) => {
                facts.root.clone_from(&app.root);
                facts.requirements = first_worker(&app, Language::Python, has_requirements);
                facts.dependencies = first_worker(&app, Language::JavaScript, has_dependencies);
                let count = app.workers.len();
                let workers = if count == 1 { "1 worker".to_owned() } else { format!("{count} workers") };
                let finding = Finding::ok("settings", format!("app `{}` with {workers}", app.name));
                facts.app = Some(app);
                vec![finding]
            }
        };
        (facts, findings)
    }

    pub(super) fn name(&self) -> Option<String> {
        self.app.as_ref().map(|app| app.name.to_string())
    }

    /// Returns the name of the first worker in a language.
    pub(super) fn worker(&self, language: Language) -> Option<&str> {
        let workers = self.app.iter().flat_map(|app| &app.workers);
        workers.filter(|worker| worker.language == language).map(|worker| worker.name.as_str()).next()
    }
}

fn problem_finding(problem: Problem) -> Finding {
    Finding { help: problem.help, ..Finding::error("settings", problem.message) }
}

/// Returns the name of the first worker in a language whose folder satisfies `has`.
fn first_worker(app: &App, language: Language, has: fn(&Path) -> bool) -> Option<String> {
    let mut of_language = app.workers.iter().filter(|worker| worker.language == language);
    of_language.find(|worker: &&Worker| has(&app.root.join(&worker.dir))).map(|worker| worker.name.to_string())
}

/// Whether a worker has requirements besides the module `bedrock`, which comes with this program.
fn has_requirements(dir: &Path) -> bool {
    let text = fs::read_to_string(dir.join("requirements.txt")).unwrap_or_default();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.into_iter().any(|line| !line.to_lowercase().replace('_', "-").starts_with("lambda-bedrock"))
}

fn has_dependencies(dir: &Path) -> bool {
    let text = fs::read_to_string(dir.join("package.json")).unwrap_or_default();
    let package: Value = serde_json::from_str(&text).unwrap_or_default();
    let lists =
        ["dependencies", "optionalDependencies"].map(|list| package.get(list).and_then(Value::as_object).cloned());
    lists.into_iter().flatten().any(|list| !list.is_empty())
}
