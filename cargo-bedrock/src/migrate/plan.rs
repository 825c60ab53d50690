//! All that a migration does, decided from texts.

use std::collections::BTreeMap;

use bedrock_build::{App, AppName};
use bedrock_templates::{Dependencies, migrated};

use super::config::Outcome;
use super::endpoints::Class;
use super::original::Original;
use super::routes::{Ports, ports};
use super::{config, deployment, endpoints, imports, record, uses, workflow};
use crate::scaffold::{Plan, Step};
use bedrock_diagnostics::{Error, ExitKind, Result};

/// What the user said.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) name: Option<AppName>,
    /// How the new app depends on this project's crates.
    pub(crate) uses: Dependencies,
    /// The flags of `cargo bedrock build`, which workflows may use.
    pub(crate) build_flags: Vec<String>,
}

/// What will be done, and what is left for people.
#[derive(Debug)]
pub(crate) struct Migration {
    pub(crate) name: AppName,
    pub(crate) plan: Plan,
    /// What gets a skeleton now.
    pub(crate) ports: Ports,
    /// What was not understood and is left alone, each with its file.
    pub(crate) left: Vec<String>,
    /// The app's `terraform/` beside the template, a line for each file.
    pub(crate) deployment: Vec<String>,
}

/// No step means that nothing is to be done.
pub(crate) fn plan(original: &Original, request: &Request) -> Result<Migration> {
    let name = name(original, request)?;
    let mut left = original.unreadable.clone();
    let mut steps = Vec::new();
    let ports = if original.app.is_none() { ported(original, &mut left) } else { Ports::default() };
    if original.app.is_none() {
        let files = migrated(&name, &original.workers_dir, &ports.ports, &request.uses)?;
        let step =
            |file: bedrock_templates::File| Step::File { path: original.root.join(file.path), contents: file.contents };
        steps.extend(files.into_iter().map(step));
    }
    steps.extend(gitignore(original));
    steps.extend(configured(original, &name, &mut left));
    steps.extend(workflows(original, &request.build_flags, &mut left));
    left.extend(missing_modules(original));
    steps.extend(deployment::steps(original)?);
    if !steps.is_empty() {
        steps.extend(record::steps(&original.root, &steps, original.records + 1)?);
    }
    let deployment = deployment::comparison(&original.deployment, &deployment::own_files(&original.root));
    Ok(Migration { name, plan: Plan { base: original.root.clone(), steps }, ports, left, deployment })
}

/// The name that was given, or that of the app's variables, or the folder's.
fn name(original: &Original, request: &Request) -> Result<AppName> {
    if let Some(name) = original.app.as_ref().map(|app| app.name.clone()).or_else(|| request.name.clone()) {
        return Ok(name);
    }
    let prefix = original.config.as_ref().and_then(|path| config::prefix(original.python.get(path)?));
    let of_prefix = prefix.and_then(|prefix| AppName::parse(&prefix.to_lowercase()).ok());
    if let Some(name) = of_prefix {
        return Ok(name);
    }
    AppName::parse(&original.folder())
        .map_err(|problem| Error::problems(ExitKind::Call, vec![problem]).help("give it one with `--name NAME`"))
}

fn ported(original: &Original, left: &mut Vec<String>) -> Ports {
    let dir = format!("{}/", original.endpoints_dir);
    let mut found: BTreeMap<String, Vec<Class>> = BTreeMap::new();
    for (path, text) in original.python.iter().filter(|(path, _)| path.starts_with(&dir)) {
        match endpoints::classes(text) {
            None => left.push(format!("`{path}` is left alone: it is not Python that can be read")),
            Some(classes) if classes.is_empty() => {}
            Some(classes) => drop(found.insert(path.clone(), classes)),
        }
    }
    ports(&found, &original.endpoints_dir)
}

/// `lambda-bedrock` in a worker's requirements is not installed: what comes along here takes its place.
fn missing_modules(original: &Original) -> Vec<String> {
    let dir = format!("{}/", original.workers_dir);
    let files = original.python.iter().filter(|(path, _)| path.starts_with(&dir));
    let modules = files.flat_map(|(path, text)| imports::missing(text).into_iter().map(move |found| (path, found)));
    modules
        .map(|(path, (line, module))| format!("`{path}:{line}` imports `{module}`, which does not come along"))
        .collect()
}

/// What the app makes that is nobody's text.
fn gitignore(original: &Original) -> Option<Step> {
    let path = original.root.join(".gitignore");
    let text = original.gitignore.clone().unwrap_or_default();
    let has = |line: &str| text.lines().any(|found| found.trim().trim_matches('/') == line.trim_matches('/'));
    let missing: String = ["/target\n", "node_modules/\n"].into_iter().filter(|line| !has(line.trim())).collect();
    if missing.is_empty() {
        return None;
    }
    if original.gitignore.is_none() {
        // One that could not be read is there all the same.
        return (!path.exists()).then_some(Step::File { path, contents: missing });
    }
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Some(Step::Edit { path, after: format!("{text}{gap}{missing}"), before: text })
}

fn configured(original: &Original, name: &AppName, left: &mut Vec<String>) -> Vec<Step> {
    let Some((path, text)) = original.config.as_ref().and_then(|path| original.python.get_key_value(path)) else {
        return Vec::new();
    };
    let arns = name.arn_prefix();
    let own = arns.trim_end_matches("_WORKER_ARN_");
    if let Some(prefix) = config::prefix(text).filter(|prefix| prefix != own) {
        left.push(format!("`{path}` has the prefix `{prefix}`, and the variables of app `{name}` begin with `{own}`"));
    }
    let edit = |path: &str, before: &str, after| Step::Edit {
        path: original.root.join(path),
        before: before.to_owned(),
        after,
    };
    match config::edit(text, own) {
        Outcome::Done => Vec::new(),
        Outcome::Unclear(why) => {
            left.push(format!("`{path}` is left alone: {why}"));
            Vec::new()
        }
        Outcome::Edited { text: after, renamed } => {
            let mut steps = vec![edit(path, text, after)];
            for (other, before) in original.python.iter().filter(|(other, _)| renamed && *other != path) {
                let found = uses::edit(before);
                steps.extend(found.text.map(|after| edit(other, before, after)));
                let say = |line| format!("`{other}:{line}` says `lambdas`: look whether it means `{path}`");
                left.extend(found.unclear.into_iter().map(say));
            }
            steps
        }
    }
}

fn workflows(original: &Original, flags: &[String], left: &mut Vec<String>) -> Vec<Step> {
    let mut steps = Vec::new();
    for (path, before) in &original.workflows {
        let found = workflow::edit(before, flags);
        left.extend(found.unclear.into_iter().map(|(line, reason)| format!("`{path}:{line}`: {reason}")));
        let Some(after) = found.text else { continue };
        if !after.contains("cargo-bedrock") {
            left.push(format!("`{path}` has to install the command: `cargo install --locked cargo-bedrock`"));
        }
        steps.push(Step::Edit { path: original.root.join(path), before: before.clone(), after });
    }
    steps
}

impl Migration {
    /// Whether the app that comes of it can be read: asked of the code that will read it, about the new manifest beside
    /// the old folders.
    pub(crate) fn check(&self, original: &Original) -> Result<()> {
        let manifest = self.plan.steps.iter().find_map(|step| match step {
            Step::File { path, contents } if *path == original.root.join("Cargo.toml") => Some(contents),
            _ => None,
        });
        let Some(manifest) = manifest else { return Ok(()) };
        let failed = |error| Error::io("failed to look at the workers in a temporary folder", &error);
        let room = tempfile::tempdir().map_err(failed)?;
        std::fs::write(room.path().join("Cargo.toml"), manifest).map_err(failed)?;
        let top = original.workers_dir.split('/').next().unwrap_or_default();
        std::os::unix::fs::symlink(original.root.join(top), room.path().join(top)).map_err(failed)?;
        App::open(room.path()).map(drop).map_err(|problems| Error::problems(ExitKind::App, problems))
    }
}
