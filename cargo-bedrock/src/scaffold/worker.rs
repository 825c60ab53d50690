//! A new worker: its folder and, for Rust, a line in the app's `Cargo.toml`.

use std::fs;

use bedrock_build::{App, Language, WorkerName};
use bedrock_templates as templates;
use bedrock_templates::WorkerTemplate;

use super::durable_rust;
use super::manifest::{Manifest, NameOwner};
use crate::file_plan::{FilePlan, FileStep};
use bedrock_diagnostics::{Error, Result};

/// Splits `resizer.rs` into the name `resizer` and the template of Rust. The template of `resizer` is `None`.
pub(crate) fn split_suffix(given: &str) -> Result<(&str, Option<WorkerTemplate>)> {
    let Some((name, suffix)) = given.rsplit_once('.') else { return Ok((given, None)) };
    match WorkerTemplate::ALL.into_iter().find(|template| template.suffix() == suffix) {
        Some(template) => Ok((name, Some(template))),
        None => Err(Error::call(format!("no worker language has the suffix `.{}`", suffix.escape_debug()))
            .help(suffix_help(name))),
    }
}

/// Returns the help line for a name without a language.
pub(crate) fn suffix_help(name: &str) -> String {
    format!("add a suffix: `{name}.rs`, `{name}.py`, `{name}.js` or `{name}.ts`")
}

/// A worker to create.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WorkerPlan<'a> {
    pub(crate) name: &'a WorkerName,
    pub(crate) template: WorkerTemplate,
    pub(crate) is_durable: bool,
}

/// Plans the worker in `app`. `manifest` is the text of the app's `Cargo.toml`. `is_in_workspace` is whether a
/// folder above the app is the root of a workspace.
pub(crate) fn plan(app: &App, manifest: &str, is_in_workspace: bool, worker: WorkerPlan<'_>) -> Result<FilePlan> {
    let WorkerPlan { name, template, is_durable } = worker;
    let language = template.language();
    check_worker_is_new(app, name)?;
    let mut edited = Manifest::parse(manifest)?;
    let dir = format!("{}/{name}", app.settings.workers_dir);
    let depth = dir.split('/').count();
    let files = if is_durable {
        let dependencies = edited.bedrock_dependencies_with(depth, "durable")?;
        templates::durable_worker(name, template, &dependencies)?
    } else {
        templates::worker(name, template, &edited.bedrock_dependencies(depth))?
    };
    if is_durable && language == Language::Rust {
        durable_rust::check_compiler(&app.root)?;
    }
    let owner = edited.name_owner(name.as_str());
    // Left over from a worker whose folder was deleted. The line is right for a new Rust worker.
    let has_stale_line = matches!(&owner, Some(NameOwner::Dependency { path: Some(path) }) if *path == dir);
    if !(has_stale_line && language == Language::Rust) {
        check_name_is_free(name, owner.as_ref(), has_stale_line, &dir)?;
    }
    let mut steps = Vec::new();
    if language == Language::Rust {
        check_not_own_dependency(name, &files)?;
        if !has_stale_line {
            edited.add_worker(name.as_str(), &dir)?;
        }
        if !is_in_workspace && !edited.has_workspace() {
            edited.add_workspace();
        }
    }
    if is_durable {
        edited.add_durable(name.as_str())?;
    }
    steps.push(FileStep::CreateFolder { path: app.root.join(&dir), files });
    if language == Language::Python {
        steps.extend(missing_python_types(app));
    }
    let after = edited.text();
    if after != manifest {
        steps.push(FileStep::Edit { path: app.root.join("Cargo.toml"), before: manifest.to_owned(), after });
    }
    Ok(FilePlan { base: app.root.clone(), steps })
}

/// Plans the files by which type checkers know the module `bedrock`, as far as the app has none.
fn missing_python_types(app: &App) -> impl Iterator<Item = FileStep> {
    let files = templates::python_types().into_iter().map(|file| (app.root.join(file.path), file.contents));
    files.filter(|(path, _)| !path.exists()).map(|(path, contents)| FileStep::CreateFile { path, contents })
}

/// Whether a folder above the app is the root of a workspace. Ignores manifests that are not valid; cargo reports them.
pub(crate) fn is_below_workspace(app: &App) -> bool {
    app.root.ancestors().skip(1).any(|dir| {
        let text = fs::read_to_string(dir.join("Cargo.toml")).unwrap_or_default();
        Manifest::parse(&text).is_ok_and(|manifest| manifest.is_workspace_root())
    })
}

fn check_worker_is_new(app: &App, name: &WorkerName) -> Result<()> {
    match app.workers.iter().find(|worker| worker.name == *name) {
        None => Ok(()),
        Some(worker) => {
            let dir = &worker.dir;
            let language = worker.language_name();
            Err(Error::call(format!("worker `{name}` already exists in `{dir}` ({language})"))
                .help("choose another name, or move the folder away"))
        }
    }
}

fn check_name_is_free(name: &WorkerName, owner: Option<&NameOwner>, has_stale_line: bool, dir: &str) -> Result<()> {
    match owner {
        None => Ok(()),
        Some(NameOwner::Package) => Err(name_error(name, "it is the name of the app's package")),
        Some(NameOwner::Dependency { .. }) if has_stale_line => {
            Err(name_error(name, "the app depends on a Rust worker of that name"))
                .map_err(|error| error.help(format!("or remove the line with `{dir}` from `Cargo.toml`")))
        }
        Some(NameOwner::Dependency { .. }) => Err(name_error(name, "the app depends on a package of that name")),
    }
}

fn check_not_own_dependency(name: &WorkerName, files: &[templates::RenderedFile]) -> Result<()> {
    let manifest = files.iter().find(|file| file.path == "Cargo.toml").map(|file| file.contents.as_str());
    match Manifest::parse(manifest.unwrap_or_default())?.dependency_owner(name.as_str()) {
        None => Ok(()),
        Some(_) => Err(name_error(name, "every Rust worker depends on a package of that name")),
    }
}

fn name_error(name: &WorkerName, reason: &str) -> Error {
    Error::call(format!("`{name}` cannot name a worker: {reason}"))
        .help(format!("use another name, such as `{name}_worker`"))
}
