//! An app on disk: its root folder, its settings and its workers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::dotenv;
use crate::edit_distance::suggest;
use crate::language::Language;
use crate::manifest::{Manifest, Table};
use crate::name::AppName;
use crate::problem::Problem;
use crate::references::check_references;
use crate::runtime::Runtime;
use crate::settings::triggers::{StreamTrigger, StreamViewType, Trigger};
use crate::settings::uses::{TableKey, Use};
use crate::settings::{FunctionSettings, Origins, Settings};
use crate::worker::{Worker, discover_workers};

/// An app: the folder whose `Cargo.toml` has `[package.metadata.bedrock]`.
#[derive(Debug, Clone)]
pub struct App {
    /// The name of the app, which is the name of its package.
    pub name: AppName,
    /// The absolute path of the app's folder.
    pub root: PathBuf,
    /// The settings in the manifest.
    pub settings: Settings,
    /// The workers, sorted by name.
    pub workers: Vec<Worker>,
    /// The Lambda runtime of the endpoint.
    pub endpoint_runtime: Runtime,
    /// The variables in `.env` and `.env.local`.
    pub dotenv: BTreeMap<String, String>,
    /// Where the settings in the manifest come from, by their paths.
    pub origins: Origins,
    /// Names of folders in the workers folder that have no entry file, sorted.
    pub unfinished: Vec<String>,
}

impl App {
    /// Returns the app that contains `start`: the closest folder, from `start` upwards, with
    /// `[package.metadata.bedrock]`.
    pub fn find(start: &Path) -> Result<Self, Vec<Problem>> {
        Self::search(start)?.ok_or_else(|| vec![Self::no_app_found(start)])
    }

    /// Like [`App::find`], but returns `None` if there is no app. Fails only for an app with problems.
    pub fn search(start: &Path) -> Result<Option<Self>, Vec<Problem>> {
        for dir in start.ancestors() {
            let path = dir.join("Cargo.toml");
            if path.is_file() {
                // A relative path in a message would be understood as relative to `start`.
                let display_path = if dir == start { "Cargo.toml".to_owned() } else { path.display().to_string() };
                let mut manifest = Manifest::read(&path, &display_path).map_err(|p| vec![p])?;
                manifest.parse().map_err(|p| vec![p])?;
                "Cargo.toml".clone_into(&mut manifest.display_path);
                if let Some(app) = Self::from_manifest(dir, &manifest)? {
                    return Ok(Some(app));
                }
            }
        }
        Ok(None)
    }

    /// Returns the problem that [`App::find`] reports if there is no app.
    pub fn no_app_found(start: &Path) -> Problem {
        Problem::new(format!("no app in `{}` or a folder above it", start.display()))
            .help("create one with `cargo bedrock new app NAME`")
            .help("or add `[package.metadata.bedrock]` to the `Cargo.toml` of the app's package")
    }

    /// Opens the app in the folder `root`, without a search in the folders above it.
    pub fn open(root: &Path) -> Result<Self, Vec<Problem>> {
        let manifest = Manifest::read(&root.join("Cargo.toml"), "Cargo.toml").map_err(|p| vec![p])?;
        Self::from_manifest(root, &manifest)?.ok_or_else(|| {
            vec![
                Problem::new(format!("`{}` has no `[package.metadata.bedrock]`", root.join("Cargo.toml").display()))
                    .help("add the table; it may be empty"),
            ]
        })
    }

    /// Checks the settings in the text of an app's `Cargo.toml`. Whether the workers that they name exist is not checked.
    ///
    /// # Errors
    /// A problem for each setting that is not valid, and none where the text is not that of an app.
    pub fn check_settings(text: &str) -> Result<(), Vec<Problem>> {
        let manifest = Manifest::of(text.to_owned(), "Cargo.toml");
        let document = manifest.parse().map_err(|p| vec![p])?;
        let top = Table { table: document.get_ref(), manifest: &manifest };
        let table = top.table("package").and_then(|package| package.table("metadata"));
        match table.and_then(|metadata| metadata.table("bedrock")) {
            Some(table) => Settings::read(table).map(drop),
            None => Ok(()),
        }
    }

    /// Returns `None` if the manifest is not that of an app.
    fn from_manifest(root: &Path, manifest: &Manifest) -> Result<Option<Self>, Vec<Problem>> {
        let document = manifest.parse().map_err(|p| vec![p])?;
        let top = Table { table: document.get_ref(), manifest };
        let Some(package) = top.table("package") else { return Ok(None) };
        let metadata = package.table("metadata");
        if let Some(problem) = metadata.and_then(misspelt_table) {
            return Err(vec![problem]);
        }
        let Some(table) = metadata.and_then(|metadata| metadata.table("bedrock")) else {
            return Ok(None);
        };
        let mut problems = Vec::new();
        let mut add_problems = |p: Vec<Problem>| problems.extend(p);
        let name = AppName::parse(package.string("name").unwrap_or_default()).map_err(|p| add_problems(vec![p])).ok();
        let (settings, origins) = Settings::read(table).map_err(&mut add_problems).unwrap_or_default();
        let folders = discover_workers(root, &settings, &origins).map_err(&mut add_problems).ok();
        if let Some(folders) = &folders {
            problems.extend(check_references(&settings, folders, table));
        }
        let endpoint_runtime = settings.endpoint.runtime_for(Language::Rust).unwrap_or_else(|mut problem| {
            problem.message = format!("the endpoint: {}", problem.message);
            problems.push(problem);
            Runtime::default_of(Language::Rust)
        });
        match name.zip(folders) {
            Some((name, folders)) if problems.is_empty() => Ok(Some(Self {
                name,
                root: root.to_owned(),
                settings,
                workers: folders.workers,
                endpoint_runtime,
                dotenv: dotenv::read(root),
                origins,
                unfinished: folders.unfinished,
            })),
            _ => Err(problems),
        }
    }

    /// Returns the environment variables of a function on this machine: those of the resources that it uses, of the setting
    /// `env`, and of `.env` and `.env.local`. Later ones override earlier ones. A variable of this process overrides those
    /// of the files: it is left out here, because processes of functions inherit it.
    #[must_use]
    pub fn local_variables(&self, settings: &FunctionSettings) -> BTreeMap<String, String> {
        let mut variables = settings.local_variables(&self.name);
        let is_inherited = |name: &String| std::env::var_os(name).is_some();
        variables.retain(|name, _| !(self.dotenv.contains_key(name) && is_inherited(name)));
        let in_files = self.dotenv.iter().filter(|(name, _)| !is_inherited(name));
        variables.extend(in_files.map(|(name, value)| (name.clone(), value.clone())));
        variables
    }

    /// Returns whether the settings name local services, and a function uses a resource of AWS.
    #[must_use]
    pub fn uses_local_services(&self) -> bool {
        let workers = self.workers.iter().map(|worker| &worker.settings);
        let mut functions = workers.chain([&self.settings.endpoint]);
        self.settings.dev.services.is_some()
            && functions.any(|settings| settings.uses.as_ref().is_some_and(|uses| !uses.is_empty()))
    }

    /// Returns the tables of the app that functions use, by their names on this machine, `shop-local-orders`.
    #[must_use]
    pub fn local_tables(&self) -> BTreeMap<String, &TableKey> {
        let workers = self.workers.iter().map(|worker| &worker.settings);
        let functions = workers.chain([&self.settings.endpoint]);
        let uses = functions.flat_map(|settings| settings.uses.iter().flatten());
        uses.filter_map(|each| each.local_table(&self.name)).collect()
    }

    /// Returns the tables of the app whose changes invoke workers, by their names on this machine, with what a record of their
    /// streams contains.
    #[must_use]
    pub fn local_table_streams(&self) -> BTreeMap<String, StreamViewType> {
        let with_view_type =
            |stream: &StreamTrigger| Some((self.local_name(stream.table_of_app()?), stream.stream_view_type));
        self.stream_triggers().filter_map(with_view_type).collect()
    }

    /// Returns the names on this machine of the Kinesis streams of the app, `shop-local-clicks`.
    #[must_use]
    pub fn local_streams(&self) -> BTreeSet<String> {
        let of_triggers = self.stream_triggers().filter_map(StreamTrigger::stream_of_app);
        let workers = self.workers.iter().map(|worker| &worker.settings);
        let functions = workers.chain([&self.settings.endpoint]);
        let uses = functions.flat_map(|settings| settings.uses.iter().flatten());
        of_triggers.chain(uses.filter_map(Use::stream_of_app)).map(|name| self.local_name(name)).collect()
    }

    fn stream_triggers(&self) -> impl Iterator<Item = &StreamTrigger> {
        let triggers = self.workers.iter().flat_map(|worker| &worker.settings.triggers);
        triggers.filter_map(|trigger| match trigger {
            Trigger::Stream(stream) => Some(stream),
            _ => None,
        })
    }

    fn local_name(&self, name: &str) -> String {
        format!("{}-local-{name}", self.name)
    }

    /// Returns the worker called `name`, or a problem that suggests a similar name or says how to create the worker.
    pub fn worker(&self, name: &str) -> Result<&Worker, Problem> {
        self.workers.iter().find(|worker| worker.name.as_str() == name).ok_or_else(|| self.unknown_worker(name))
    }

    fn unknown_worker(&self, name: &str) -> Problem {
        let problem = Problem::new(format!("no worker named `{name}` in this app"));
        if self.unfinished.iter().any(|folder| folder == name) {
            return problem.help(format!(
                "the folder `{}/{name}` has none of `main.py`, `main.js`, `main.ts` and `Cargo.toml`",
                self.settings.workers_dir
            ));
        }
        match suggest(name, self.workers.iter().map(|worker| worker.name.as_str())) {
            Some(worker) => problem.help(format!("a worker with a similar name exists: `{worker}`")),
            None => {
                problem.help(format!("create it with `cargo bedrock new worker {name}.rs` (or `.py`, `.js`, `.ts`)"))
            }
        }
    }
}
/// Returns the problem of a table that would be the settings, but for its name.
fn misspelt_table(metadata: Table<'_>) -> Option<Problem> {
    let (key, span, _) =
        metadata.entries().find(|(key, ..)| *key != "bedrock" && suggest(key, ["bedrock"]).is_some())?;
    let location = metadata.manifest.location(&span);
    let problem = Problem::new(format!("{location}: unknown table `[package.metadata.{key}]`"));
    Some(problem.help("the table of the settings is `[package.metadata.bedrock]`"))
}
