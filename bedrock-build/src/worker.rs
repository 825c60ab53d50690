//! Discovers workers: a folder below the workers folder that has the entry file of one language.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use crate::language::Language;
use crate::name::WorkerName;
use crate::problem::Problem;
use crate::runtime::Runtime;
use crate::settings::{FunctionSettings, Origins, Settings};

/// A folder in the workers folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// The name of the worker, which is the name of its folder.
    pub name: WorkerName,
    /// The language, which follows from the entry file.
    pub language: Language,
    /// The folder, relative to the app's root, with `/` as separator.
    pub dir: String,
    /// The file that makes the folder a worker, for example `main.py`.
    pub entry: &'static str,
    /// The Lambda runtime.
    pub runtime: Runtime,
    /// Timeout, memory and the other settings of the function.
    pub settings: FunctionSettings,
}

impl Worker {
    /// Returns whether the worker is written in TypeScript.
    pub fn is_typescript(&self) -> bool {
        Language::is_typescript(self.entry)
    }

    /// Returns the name of the language for people: `typescript` for a JavaScript worker with types.
    pub fn language_name(&self) -> &'static str {
        if self.is_typescript() { "typescript" } else { self.language.as_str() }
    }
}

/// The folders in the workers folder, by whether they are workers.
#[derive(Debug, Default)]
pub(crate) struct WorkerFolders {
    /// Sorted by name.
    pub(crate) workers: Vec<Worker>,
    /// Names of folders without an entry file, sorted.
    pub(crate) unfinished: Vec<String>,
}

impl WorkerFolders {
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.workers.iter().map(|worker| worker.name.as_str())
    }

    pub(crate) fn has_worker(&self, name: &str) -> bool {
        self.names().any(|worker| worker == name)
    }
}

/// Reads the workers folder of the app in `root`.
pub(crate) fn discover_workers(
    root: &Path,
    settings: &Settings,
    origins: &Origins,
) -> Result<WorkerFolders, Vec<Problem>> {
    let mut folders = WorkerFolders::default();
    let mut problems = Vec::new();
    let names = folder_names(&root.join(&settings.workers_dir)).map_err(|error| {
        vec![Problem::new(format!("failed to read the folder `{}`: {error}", settings.workers_dir))]
    })?;
    for name in names {
        match open_worker(root, settings, origins, &name) {
            Ok(Some(worker)) => folders.workers.push(worker),
            Ok(None) => folders.unfinished.push(name),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(folders) } else { Err(problems) }
}

/// Returns the names of the folders in `dir` that may be workers; none if `dir` does not exist.
fn folder_names(dir: &Path) -> io::Result<BTreeSet<String>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(error),
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Folders such as `_shared` and `.cache` are never workers, so that other things can be kept there.
        if entry.path().is_dir() && !name.starts_with(['.', '_']) {
            names.insert(name);
        }
    }
    Ok(names)
}

/// Returns the worker in `folder`, or `None` if the folder has no entry file.
fn open_worker(
    root: &Path,
    settings_of_app: &Settings,
    origins: &Origins,
    folder: &str,
) -> Result<Option<Worker>, Problem> {
    let dir = format!("{}/{folder}", settings_of_app.workers_dir);
    let entries: Vec<(Language, &'static str)> = Language::ALL
        .into_iter()
        .flat_map(|language| language.entry_files().iter().map(move |entry| (language, *entry)))
        .filter(|(_, entry)| root.join(&dir).join(entry).is_file())
        .collect();
    match entries[..] {
        [] => Ok(None),
        [(language, entry)] => {
            let name = WorkerName::parse(folder).map_err(|mut problem| {
                problem.message = format!("{} (folder `{dir}`)", problem.message);
                problem
            })?;
            let mut settings = settings_of_app.of_worker(&name);
            let at = |key: &str| {
                let origin = origins.get(&format!("workers.{name}.{key}"));
                origin.map(|origin| format!("{}: ", origin.location)).unwrap_or_default()
            };
            let runtime = settings.runtime_for(language).map_err(|mut problem| {
                problem.message = format!("{}worker `{name}`: {}", at("runtime"), problem.message);
                problem
            })?;
            if settings.bundle && language != Language::JavaScript {
                let at = at("bundle");
                return Err(Problem::new(format!("{at}worker `{name}`: only JavaScript workers can be bundled"))
                    .help(format!("remove `bundle` from `[package.metadata.bedrock.workers.{name}]`")));
            }
            if settings.isolation.is_some() && language != Language::Python {
                let at = at("isolation");
                return Err(Problem::new(format!("{at}worker `{name}`: only Python workers have `isolation`"))
                    .help(format!("remove `isolation` from `[package.metadata.bedrock.workers.{name}]`"))
                    .help("the processes of workers in other languages run one invocation at a time"));
            }
            let mut stages = settings_of_app.stages.values().filter_map(|stage| stage.workers.get(name.as_str()));
            let has_snap_start = settings.lambda.snap_start || stages.any(|settings| settings.lambda.snap_start);
            if has_snap_start && !runtime.has_snap_start() {
                let at = at("snap-start");
                return Err(Problem::new(format!("{at}worker `{name}`: SnapStart does not support `{}`", runtime.id))
                    .help(format!("remove `snap-start` from `[package.metadata.bedrock.workers.{name}]`"))
                    .help("AWS documents it for Python 3.12 and newer, Java and .NET"));
            }
            // Lambda's runtimes do not load TypeScript.
            settings.bundle |= Language::is_typescript(entry);
            Ok(Some(Worker { name, language, dir, entry, runtime, settings }))
        }
        [(_, first), (_, second), ..] => {
            Err(Problem::new(format!("`{dir}` has both `{first}` and `{second}`, so its language is ambiguous"))
                .help("keep one of them, or move the other one to a different worker"))
        }
    }
}
