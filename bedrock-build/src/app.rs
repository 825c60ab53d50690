//! An app on disk: its root, its settings and the workers found by convention.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::manifest::{File, Table};
use crate::near::nearest;
use crate::{AppName, FunctionSettings, Problem, Runtime, Settings, WorkerName};

/// The language of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// `main.py`
    Python,
    /// `main.js`, `main.mjs` or `main.cjs`
    JavaScript,
    /// `Cargo.toml`
    Rust,
}

impl Language {
    /// `python`, `javascript` or `rust`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::Rust => "rust",
        }
    }

    /// The reverse of [`Language::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Python, Self::JavaScript, Self::Rust].into_iter().find(|language| language.as_str() == text)
    }

    /// Files of which one makes a folder a worker of this language.
    fn entries(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["main.py"],
            Self::JavaScript => &["main.js", "main.mjs", "main.cjs"],
            Self::Rust => &["Cargo.toml"],
        }
    }
}

/// One folder under the workers folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Its name, which is the folder's.
    pub name: WorkerName,
    /// Decided by the files in it.
    pub language: Language,
    /// Relative to the app's root, with `/`.
    pub dir: String,
    /// The file that makes the folder a worker, for example `main.py`.
    pub entry: &'static str,
    /// What Lambda runs it on.
    pub runtime: Runtime,
    /// Timeout, memory and the like.
    pub settings: FunctionSettings,
}

/// An app: the folder whose `Cargo.toml` has `[package.metadata.bedrock]`.
#[derive(Debug, Clone)]
pub struct App {
    /// The package's name.
    pub name: AppName,
    /// Absolute path.
    pub root: PathBuf,
    /// What the manifest says.
    pub settings: Settings,
    /// Sorted by name.
    pub workers: Vec<Worker>,
    /// What Lambda runs the endpoint on.
    pub endpoint_runtime: Runtime,
    /// Folders that could be workers but have none of the files that make one; sorted.
    pub unfinished: Vec<String>,
}

impl App {
    /// The app that `start` lies in: the nearest folder, from `start` upwards, with `[package.metadata.bedrock]`.
    pub fn find(start: &Path) -> Result<Self, Vec<Problem>> {
        Self::search(start)?.ok_or_else(|| vec![Self::none_at(start)])
    }

    /// Like [`App::find`], but it is no problem when there is none: only a broken one is.
    pub fn search(start: &Path) -> Result<Option<Self>, Vec<Problem>> {
        for dir in start.ancestors() {
            let manifest = dir.join("Cargo.toml");
            if manifest.is_file() {
                // `Cargo.toml` alone would be taken for the one in `start`.
                let shown = if dir == start { "Cargo.toml".to_owned() } else { manifest.display().to_string() };
                let mut file = File::read(&manifest, &shown).map_err(|p| vec![p])?;
                file.parse().map_err(|p| vec![p])?;
                "Cargo.toml".clone_into(&mut file.shown);
                if let Some(app) = Self::from_manifest(dir, &file)? {
                    return Ok(Some(app));
                }
            }
        }
        Ok(None)
    }

    /// What [`App::find`] says where there is no app.
    pub fn none_at(start: &Path) -> Problem {
        Problem::new(format!("no app in `{}` or a folder above it", start.display()))
            .help("make one with `cargo bedrock new app NAME`")
            .help("or add `[package.metadata.bedrock]` to the `Cargo.toml` of the app's package")
    }

    /// The app in exactly this folder.
    pub fn open(root: &Path) -> Result<Self, Vec<Problem>> {
        let file = File::read(&root.join("Cargo.toml"), "Cargo.toml").map_err(|p| vec![p])?;
        Self::from_manifest(root, &file)?.ok_or_else(|| {
            vec![
                Problem::new(format!("`{}` has no `[package.metadata.bedrock]`", root.join("Cargo.toml").display()))
                    .help("add the table, it may be empty"),
            ]
        })
    }

    fn from_manifest(root: &Path, file: &File) -> Result<Option<Self>, Vec<Problem>> {
        let document = file.parse().map_err(|p| vec![p])?;
        let top = Table { table: document.get_ref(), file };
        let Some(package) = top.table("package") else { return Ok(None) };
        let Some(table) = package.table("metadata").and_then(|metadata| metadata.table("bedrock")) else {
            return Ok(None);
        };
        let mut problems = Vec::new();
        let mut or_note = |p: Vec<Problem>| problems.extend(p);
        let name = AppName::parse(package.text("name").unwrap_or_default()).map_err(|p| or_note(vec![p])).ok();
        let settings = Settings::read(table).map_err(&mut or_note).unwrap_or_default();
        let found = find_workers(root, &settings).map_err(&mut or_note).ok();
        if let Some(found) = &found {
            check_settings_have_workers(&settings, found, table, &mut problems);
            check_invokes_are_workers(found, table, &mut problems);
            check_destinations_are_workers(found, table, &mut problems);
        }
        let endpoint_runtime = runtime_of(&settings.endpoint, Language::Rust).unwrap_or_else(|mut problem| {
            problem.message = format!("the endpoint: {}", problem.message);
            problems.push(problem);
            Runtime::default_of(Language::Rust)
        });
        match name.zip(found) {
            Some((name, (workers, unfinished))) if problems.is_empty() => {
                Ok(Some(Self { name, root: root.to_owned(), settings, workers, endpoint_runtime, unfinished }))
            }
            _ => Err(problems),
        }
    }

    /// The worker of that name; otherwise a problem that names the nearest one and says how to make it.
    pub fn worker(&self, name: &str) -> Result<&Worker, Problem> {
        self.workers.iter().find(|worker| worker.name.as_str() == name).ok_or_else(|| self.unknown_worker(name))
    }

    fn unknown_worker(&self, name: &str) -> Problem {
        let problem = Problem::new(format!("no worker named `{name}` in this app"));
        if self.unfinished.iter().any(|folder| folder == name) {
            return problem.help(format!(
                "the folder `{}/{name}` has none of `main.py`, `main.js` and `Cargo.toml`",
                self.settings.workers_dir
            ));
        }
        match nearest(name, self.workers.iter().map(|worker| worker.name.as_str())) {
            Some(near) => problem.help(format!("a worker with a similar name exists: `{near}`")),
            None => problem.help(format!("make it with `cargo bedrock new worker {name}.rs` (or `.py`, `.js`)")),
        }
    }
}

type Found = (Vec<Worker>, Vec<String>);

fn find_workers(root: &Path, settings: &Settings) -> Result<Found, Vec<Problem>> {
    let dir = root.join(&settings.workers_dir);
    let mut names = BTreeSet::new();
    match fs::read_dir(&dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(vec![unreadable(&settings.workers_dir, &error)]),
        Ok(entries) => {
            for entry in entries {
                let entry = entry.map_err(|error| vec![unreadable(&settings.workers_dir, &error)])?;
                let name = entry.file_name().to_string_lossy().into_owned();
                // `_shared` and `.cache` are nobody's worker; they are the way to keep other things there.
                if entry.path().is_dir() && !name.starts_with(['.', '_']) {
                    names.insert(name);
                }
            }
        }
    }
    let (mut found, mut problems) = (Found::default(), Vec::new());
    for name in names {
        match open_worker(root, settings, &name) {
            Ok(Some(worker)) => found.0.push(worker),
            Ok(None) => found.1.push(name),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

fn open_worker(root: &Path, settings: &Settings, folder: &str) -> Result<Option<Worker>, Problem> {
    let dir = format!("{}/{folder}", settings.workers_dir);
    let entries: Vec<(Language, &'static str)> = [Language::Python, Language::JavaScript, Language::Rust]
        .into_iter()
        .flat_map(|language| language.entries().iter().map(move |entry| (language, *entry)))
        .filter(|(_, entry)| root.join(&dir).join(entry).is_file())
        .collect();
    match entries[..] {
        [] => Ok(None),
        [(language, entry)] => {
            let name = WorkerName::parse(folder).map_err(|mut problem| {
                problem.message = format!("{} (folder `{dir}`)", problem.message);
                problem
            })?;
            let settings = settings.of_worker(&name);
            let runtime = runtime_of(&settings, language).map_err(|mut problem| {
                problem.message = format!("worker `{name}`: {}", problem.message);
                problem
            })?;
            if settings.bundle && language != Language::JavaScript {
                return Err(Problem::new(format!("worker `{name}`: only JavaScript workers can be bundled"))
                    .help(format!("take `bundle` out of `[package.metadata.bedrock.workers.{name}]`")));
            }
            Ok(Some(Worker { name, language, dir, entry, runtime, settings }))
        }
        [(_, first), (_, second), ..] => {
            Err(Problem::new(format!("`{dir}` has both `{first}` and `{second}`, so its language cannot be told"))
                .help("keep one of them, or move the other into a worker of its own"))
        }
    }
}

fn runtime_of(settings: &FunctionSettings, language: Language) -> Result<Runtime, Problem> {
    settings.runtime.as_deref().map_or(Ok(Runtime::default_of(language)), |id| Runtime::parse(id, language))
}

fn check_settings_have_workers(settings: &Settings, found: &Found, table: Table<'_>, problems: &mut Vec<Problem>) {
    let Some(tables) = table.table("workers") else { return };
    for (name, span, _) in tables.entries() {
        if settings.workers.contains_key(name) && !found.0.iter().any(|w| w.name.as_str() == name) {
            let place = table.file.place(&span);
            let problem = Problem::new(format!("{place}: settings for `{name}`, which is no worker of this app"));
            problems.push(with_nearest(problem, name, found));
        }
    }
}

/// The names in `invokes` of the endpoint and of each worker.
fn check_invokes_are_workers(found: &Found, table: Table<'_>, problems: &mut Vec<Problem>) {
    let endpoint = table.table("endpoint").map(|endpoint| ("endpoint".to_owned(), endpoint));
    let workers = table.table("workers").into_iter().flat_map(|workers| {
        workers.entries().filter_map(move |(name, _, _)| Some((format!("workers.{name}"), workers.table(name)?)))
    });
    for (path, function) in endpoint.into_iter().chain(workers) {
        let names = function.table.get("invokes").and_then(|names| names.get_ref().as_array());
        for value in names.into_iter().flatten() {
            let Some(name) = value.get_ref().as_str() else { continue };
            if !found.0.iter().any(|worker| worker.name.as_str() == name) {
                let place = table.file.place(&value.span());
                let problem = Problem::new(format!(
                    "{place}: `{path}.invokes` names `{}`, which is no worker of this app",
                    name.escape_debug()
                ));
                problems.push(with_nearest(problem, name, found));
            }
        }
    }
}

/// What `on-success` and `on-failure` of each worker name, where it is no ARN.
fn check_destinations_are_workers(found: &Found, table: Table<'_>, problems: &mut Vec<Problem>) {
    let Some(tables) = table.table("workers") else { return };
    for (worker, _, _) in tables.entries() {
        for key in ["on-success", "on-failure"] {
            let Some(value) = tables.table(worker).and_then(|function| function.table.get(key)) else { continue };
            let name = value.get_ref().as_str().filter(|name| WorkerName::parse(name).is_ok());
            if let Some(name) = name.filter(|name| !found.0.iter().any(|worker| worker.name.as_str() == *name)) {
                let place = table.file.place(&value.span());
                let problem =
                    format!("{place}: `workers.{worker}.{key}` names `{name}`, which is no worker of this app");
                problems.push(with_nearest(Problem::new(problem), name, found));
            }
        }
    }
}

fn with_nearest(problem: Problem, name: &str, found: &Found) -> Problem {
    match nearest(name, found.0.iter().map(|worker| worker.name.as_str())) {
        Some(near) => problem.help(format!("a worker with a similar name exists: `{near}`")),
        None => problem,
    }
}

fn unreadable(dir: &str, error: &std::io::Error) -> Problem {
    Problem::new(format!("failed to read the folder `{dir}`: {error}"))
}
