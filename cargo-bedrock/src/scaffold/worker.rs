//! A new worker: its folder and, in Rust, a line in the app's `Cargo.toml`.

use std::fs;

use bedrock_build::{App, Language, WorkerName};
use bedrock_templates as templates;

use super::manifest::{Manifest, Owner};
use super::{Plan, Step};
use bedrock_diagnostics::{Error, Result};

/// The suffixes that name a language.
const SUFFIXES: [(&str, Language); 3] =
    [("rs", Language::Rust), ("py", Language::Python), ("js", Language::JavaScript)];

/// `resizer.rs` is the worker `resizer` in Rust; `resizer` alone leaves the language open.
pub(crate) fn language_of(given: &str) -> Result<(&str, Option<Language>)> {
    let Some((name, suffix)) = given.rsplit_once('.') else { return Ok((given, None)) };
    match SUFFIXES.iter().find(|(known, _)| *known == suffix) {
        Some((_, language)) => Ok((name, Some(*language))),
        None => Err(Error::call(format!("no language of workers has the suffix `.{}`", suffix.escape_debug()))
            .help(choices(name))),
    }
}

/// What to say where the language is missing.
pub(crate) fn choices(name: &str) -> String {
    format!("write it as `{name}.rs`, `{name}.py` or `{name}.js`")
}

/// The worker `name` in `app`, whose `Cargo.toml` says `manifest`. `in_workspace` is whether a folder above the app
/// is the root of a workspace.
pub(crate) fn plan(
    app: &App,
    manifest: &str,
    in_workspace: bool,
    name: &WorkerName,
    language: Language,
) -> Result<Plan> {
    refuse_existing(app, name)?;
    let mut edited = Manifest::parse(manifest)?;
    let dir = format!("{}/{name}", app.settings.workers_dir);
    let files = templates::worker(name, language, &edited.uses(dir.split('/').count()))?;
    let owner = edited.owner(name.as_str());
    // Left over from a worker whose folder was deleted: the line is right for the new one.
    let is_own_line = matches!(&owner, Some(Owner::Dependency { path: Some(path) }) if *path == dir);
    if !(is_own_line && language == Language::Rust) {
        refuse_owned(name, owner.as_ref(), is_own_line, &dir)?;
    }
    let mut steps = Vec::new();
    if language == Language::Rust {
        refuse_own_dependency(name, &files)?;
        if !is_own_line {
            edited.add_worker(name.as_str(), &dir)?;
        }
        if !in_workspace && !edited.names_a_workspace() {
            edited.add_workspace();
        }
    }
    steps.push(Step::Folder { path: app.root.join(&dir), files });
    let after = edited.text();
    if after != manifest {
        steps.push(Step::Edit { path: app.root.join("Cargo.toml"), before: manifest.to_owned(), after });
    }
    Ok(Plan { base: app.root.clone(), steps })
}

/// Whether a folder above the app is the root of a workspace; a manifest that cannot be read is cargo's to complain of.
pub(crate) fn is_below_workspace(app: &App) -> bool {
    app.root.ancestors().skip(1).any(|dir| {
        let text = fs::read_to_string(dir.join("Cargo.toml")).unwrap_or_default();
        Manifest::parse(&text).is_ok_and(|manifest| manifest.is_workspace_root())
    })
}

fn refuse_existing(app: &App, name: &WorkerName) -> Result<()> {
    match app.workers.iter().find(|worker| worker.name == *name) {
        None => Ok(()),
        Some(worker) => {
            let (dir, language) = (&worker.dir, worker.language.as_str());
            Err(Error::call(format!("worker `{name}` exists already, in `{dir}` ({language})"))
                .help("choose another name, or move the folder away"))
        }
    }
}

fn refuse_owned(name: &WorkerName, owner: Option<&Owner>, is_own_line: bool, dir: &str) -> Result<()> {
    match owner {
        None => Ok(()),
        Some(Owner::Package) => Err(cannot_name(name, "it is the name of the app's package")),
        Some(Owner::Dependency { .. }) if is_own_line => {
            Err(cannot_name(name, "the app depends on a Rust worker of that name"))
                .map_err(|error| error.help(format!("or remove the line with `{dir}` from `Cargo.toml`")))
        }
        Some(Owner::Dependency { .. }) => Err(cannot_name(name, "the app depends on a package of that name")),
    }
}

fn refuse_own_dependency(name: &WorkerName, files: &[templates::File]) -> Result<()> {
    let manifest = files.iter().find(|file| file.path == "Cargo.toml").map(|file| file.contents.as_str());
    match Manifest::parse(manifest.unwrap_or_default())?.dependency_owner(name.as_str()) {
        None => Ok(()),
        Some(_) => Err(cannot_name(name, "every Rust worker depends on a package of that name")),
    }
}

fn cannot_name(name: &WorkerName, reason: &str) -> Error {
    Error::call(format!("`{name}` cannot name a worker: {reason}")).help(format!("`{name}_worker` would do"))
}
