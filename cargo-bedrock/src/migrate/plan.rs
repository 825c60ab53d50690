//! The complete migration, decided from texts.

use std::collections::BTreeMap;

use bedrock_build::{App, AppName};
use bedrock_templates::{Dependencies, migrated_app};

use super::config::ConfigEdit;
use super::endpoints::EndpointClass;
use super::routes::{EndpointPorts, plan_ports};
use super::source_app::SourceApp;
use super::{config, deployment, endpoints, imports, journal, reference_edits, workflow};
use crate::file_plan::{FilePlan, FileStep};
use bedrock_diagnostics::{Error, ExitKind, Result};

/// Options of the user.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) name: Option<AppName>,
    /// Dependencies of the new app on this project's crates.
    pub(crate) dependencies: Dependencies,
    /// Long flags of `cargo bedrock build`, which workflows may use.
    pub(crate) build_flags: Vec<String>,
}

/// What a migration does, and what it leaves to the user.
#[derive(Debug)]
pub(crate) struct Migration {
    pub(crate) name: AppName,
    pub(crate) plan: FilePlan,
    /// The endpoints that get a skeleton.
    pub(crate) ports: EndpointPorts,
    /// What was not understood and stays unchanged, with the file of each.
    pub(crate) warnings: Vec<String>,
    /// A line for each file of the app's `terraform/`, comparing it with the template.
    pub(crate) deployment: Vec<String>,
}

/// Plans a migration. A plan without steps means that there is nothing to do.
pub(crate) fn plan(source_app: &SourceApp, request: &Request) -> Result<Migration> {
    let name = app_name(source_app, request)?;
    let mut warnings = source_app.unreadable.clone();
    let mut steps = Vec::new();
    let is_new = source_app.app.is_none();
    let ports = if is_new { endpoint_ports(source_app, &mut warnings) } else { EndpointPorts::default() };
    if is_new {
        let files = migrated_app(&name, &source_app.workers_dir, &ports.ports, &request.dependencies)?;
        let create_file = |file: bedrock_templates::RenderedFile| FileStep::CreateFile {
            path: source_app.root.join(file.path),
            contents: file.contents,
        };
        steps.extend(files.into_iter().map(create_file));
    }
    steps.extend(gitignore_step(source_app));
    steps.extend(config_steps(source_app, &name, &mut warnings));
    steps.extend(workflow_steps(source_app, &request.build_flags, &mut warnings));
    warnings.extend(unsupported_imports(source_app));
    steps.extend(deployment::steps(source_app)?);
    if !steps.is_empty() {
        steps.extend(journal::steps(&source_app.root, &steps, source_app.migrations + 1)?);
    }
    let terraform_files = deployment::terraform_files(&source_app.root);
    let deployment = deployment::compare(&source_app.deployment, &terraform_files);
    Ok(Migration { name, plan: FilePlan { base: source_app.root.clone(), steps }, ports, warnings, deployment })
}

/// Returns the requested name. Defaults to the prefix of the app's variables, or to the name of the folder.
fn app_name(source_app: &SourceApp, request: &Request) -> Result<AppName> {
    if let Some(name) = source_app.app.as_ref().map(|app| app.name.clone()).or_else(|| request.name.clone()) {
        return Ok(name);
    }
    let prefix = source_app.config.as_ref().and_then(|path| config::prefix(source_app.python.get(path)?));
    let name = prefix.and_then(|prefix| AppName::parse(&prefix.to_lowercase()).ok());
    if let Some(name) = name {
        return Ok(name);
    }
    AppName::parse(&source_app.folder_name())
        .map_err(|problem| Error::problems(ExitKind::Call, vec![problem]).help("set it with `--name NAME`"))
}

fn endpoint_ports(source_app: &SourceApp, warnings: &mut Vec<String>) -> EndpointPorts {
    let dir = format!("{}/", source_app.endpoints_dir);
    let mut found: BTreeMap<String, Vec<EndpointClass>> = BTreeMap::new();
    for (path, text) in source_app.python.iter().filter(|(path, _)| path.starts_with(&dir)) {
        match endpoints::endpoint_classes(text) {
            None => warnings.push(format!("`{path}` is left unchanged: it is not valid Python")),
            Some(classes) if classes.is_empty() => {}
            Some(classes) => drop(found.insert(path.clone(), classes)),
        }
    }
    plan_ports(&found, &source_app.endpoints_dir)
}

/// Returns a warning for each unsupported import of the workers. `lambda-bedrock` in their requirements is not
/// installed, because the included module replaces it.
fn unsupported_imports(source_app: &SourceApp) -> Vec<String> {
    let dir = format!("{}/", source_app.workers_dir);
    let files = source_app.python.iter().filter(|(path, _)| path.starts_with(&dir));
    let imports =
        files.flat_map(|(path, text)| imports::unsupported_imports(text).into_iter().map(move |import| (path, import)));
    imports.map(|(path, (line, module))| format!("`{path}:{line}` imports `{module}`, which is not included")).collect()
}

/// Adds the folders of build output and of installed packages to `.gitignore`.
fn gitignore_step(source_app: &SourceApp) -> Option<FileStep> {
    let path = source_app.root.join(".gitignore");
    let text = source_app.gitignore.clone().unwrap_or_default();
    let has = |line: &str| text.lines().any(|found| found.trim().trim_matches('/') == line.trim_matches('/'));
    let missing: String = ["/target\n", "node_modules/\n"].into_iter().filter(|line| !has(line.trim())).collect();
    if missing.is_empty() {
        return None;
    }
    if source_app.gitignore.is_none() {
        // The file may exist although it could not be read.
        return (!path.exists()).then_some(FileStep::CreateFile { path, contents: missing });
    }
    let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Some(FileStep::Edit { path, after: format!("{text}{newline}{missing}"), before: text })
}

fn config_steps(source_app: &SourceApp, name: &AppName, warnings: &mut Vec<String>) -> Vec<FileStep> {
    let config = source_app.config.as_ref().and_then(|path| source_app.python.get_key_value(path));
    let Some((path, text)) = config else { return Vec::new() };
    let arn_prefix = name.arn_prefix();
    let expected = arn_prefix.trim_end_matches("_WORKER_ARN_");
    if let Some(prefix) = config::prefix(text).filter(|prefix| prefix != expected) {
        warnings.push(format!(
            "`{path}` has the prefix `{prefix}`, but the variables of app `{name}` start with `{expected}`"
        ));
    }
    let edit = |path: &str, before: &str, after| FileStep::Edit {
        path: source_app.root.join(path),
        before: before.to_owned(),
        after,
    };
    match config::edit(text, expected) {
        ConfigEdit::Unchanged => Vec::new(),
        ConfigEdit::Unclear(reason) => {
            warnings.push(format!("`{path}` is left unchanged: {reason}"));
            Vec::new()
        }
        ConfigEdit::Edited { text: after, renamed } => {
            let mut steps = vec![edit(path, text, after)];
            for (other, before) in source_app.python.iter().filter(|(other, _)| renamed && *other != path) {
                let edits = reference_edits::edit(before);
                steps.extend(edits.text.map(|after| edit(other, before, after)));
                let warning =
                    |line| format!("`{other}:{line}` contains `lambdas`: check whether it refers to `{path}`");
                warnings.extend(edits.unclear.into_iter().map(warning));
            }
            steps
        }
    }
}

fn workflow_steps(source_app: &SourceApp, flags: &[String], warnings: &mut Vec<String>) -> Vec<FileStep> {
    let mut steps = Vec::new();
    for (path, before) in &source_app.workflows {
        let edit = workflow::edit(before, flags);
        warnings.extend(edit.unclear.into_iter().map(|(line, reason)| format!("`{path}:{line}`: {reason}")));
        let Some(after) = edit.text else { continue };
        if !after.contains("cargo-bedrock") {
            warnings.push(format!("`{path}` has to install the command: `cargo install --locked cargo-bedrock`"));
        }
        steps.push(FileStep::Edit { path: source_app.root.join(path), before: before.clone(), after });
    }
    steps
}

impl Migration {
    /// Checks that `bedrock-build` can read the migrated app, by opening the new manifest together with the old
    /// folders.
    pub(crate) fn check(&self, source_app: &SourceApp) -> Result<()> {
        let manifest = self.plan.steps.iter().find_map(|step| match step {
            FileStep::CreateFile { path, contents } if *path == source_app.root.join("Cargo.toml") => Some(contents),
            _ => None,
        });
        let Some(manifest) = manifest else { return Ok(()) };
        let io_error = |error| Error::io("failed to check the workers in a temporary folder", &error);
        let temp_dir = tempfile::tempdir().map_err(io_error)?;
        std::fs::write(temp_dir.path().join("Cargo.toml"), manifest).map_err(io_error)?;
        let top = source_app.workers_dir.split('/').next().unwrap_or_default();
        std::os::unix::fs::symlink(source_app.root.join(top), temp_dir.path().join(top)).map_err(io_error)?;
        App::open(temp_dir.path()).map(drop).map_err(|problems| Error::problems(ExitKind::App, problems))
    }
}
