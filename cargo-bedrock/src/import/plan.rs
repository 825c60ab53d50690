//! The complete import.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use bedrock_build::{App, Language};
use bedrock_templates::WorkerTemplate;

use super::function::{FoundFunctions, ImportedFunction};
use super::sam::{TEMPLATE_EXTENSIONS, TEMPLATES};
use super::source_files::{self, CopiedFile};
use super::{adapter, cargo_lambda, sam};
use crate::file_plan::{FilePlan, FileStep};
use crate::migrate;
use crate::scaffold::{Manifest, is_below_workspace};
use bedrock_diagnostics::{Error, Result};

/// Files of the folder of a new worker that an imported one gets, too.
const OF_TEMPLATE: [&str; 6] =
    ["worker.js", "worker.d.ts", "jsconfig.json", "worker.cjs", "worker.d.cts", "tsconfig.json"];
/// Files that a worker cannot have itself.
const BASE_CLASSES: [&str; 2] = ["worker.js", "worker.cjs"];

/// What an import does, and what it leaves to the user.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) plan: FilePlan,
    /// Names of the new workers.
    pub(crate) workers: Vec<String>,
    /// What is not imported, with file, line and reason.
    pub(crate) left: Vec<String>,
}

/// Plans the import of the project in `source`, a folder or the file that describes it, into `app`.
pub(crate) fn plan(app: &App, source: &Path) -> Result<Import> {
    let FoundFunctions { functions, mut left } = found_functions(source)?;
    let path = app.root.join("Cargo.toml");
    let before = fs::read_to_string(&path).map_err(|error| Error::io("failed to read `Cargo.toml`", &error))?;
    let mut manifest = Manifest::parse(&before)?;
    let mut steps = Vec::new();
    let mut workers = Vec::new();
    for function in &functions {
        if workers.contains(&function.name.to_string()) || app.workers.iter().any(|worker| worker.name == function.name)
        {
            left.push(format!("worker `{}` is not imported: the app has one of this name", function.name));
            continue;
        }
        match files(app, &manifest, function) {
            Ok((files, more)) => {
                left.extend(more);
                left.extend(add_to_manifest(&mut manifest, app, function)?);
                let dir = app.root.join(&app.settings.workers_dir).join(function.name.as_str());
                steps.extend(
                    files
                        .into_iter()
                        .map(|file| FileStep::CreateFile { path: dir.join(file.path), contents: file.contents }),
                );
                workers.push(function.name.to_string());
            }
            Err(reason) => left.push(format!("worker `{}` is not imported: {reason}", function.name)),
        }
    }
    let after = manifest.text();
    if after != before {
        steps.push(FileStep::Edit { path, before, after });
    }
    if !steps.is_empty() {
        steps.extend(migrate::journal_steps(&app.root, &steps)?);
    }
    Ok(Import { plan: FilePlan { base: app.root.clone(), steps }, workers, left })
}

fn found_functions(source: &Path) -> Result<FoundFunctions> {
    if source.is_file()
        && let (Some(folder), Some(file)) = (source.parent(), source.file_name().and_then(OsStr::to_str))
    {
        // SAM takes templates of any name.
        return match file {
            "Cargo.toml" => cargo_lambda::functions(folder),
            _ if TEMPLATE_EXTENSIONS.iter().any(|extension| file.ends_with(extension)) => sam::functions(folder, file),
            _ => Err(nothing(source)),
        };
    }
    if let Some(template) = TEMPLATES.iter().find(|name| source.join(name).is_file()) {
        return sam::functions(source, template);
    }
    if source.join("Cargo.toml").is_file() {
        return cargo_lambda::functions(source);
    }
    Err(nothing(source))
}

fn nothing(source: &Path) -> Error {
    let cause = if source.is_file() {
        "it is neither a template of SAM nor a `Cargo.toml` of cargo-lambda"
    } else {
        "it has neither a `template.yaml` of SAM nor a `Cargo.toml` of cargo-lambda"
    };
    Error::call(format!("`{}` has nothing to import", source.display()))
        .cause(cause)
        .help("name the folder of the other project, or its file: `cargo bedrock import ../old/template.yaml`")
}

/// Returns the files of the worker, and what is left to do. The error is the reason why it is not imported.
fn files(
    app: &App,
    manifest: &Manifest,
    function: &ImportedFunction,
) -> std::result::Result<(Vec<CopiedFile>, Vec<String>), String> {
    let name = &function.name;
    let dir = format!("{}/{name}", app.settings.workers_dir);
    if app.root.join(&dir).symlink_metadata().is_ok() {
        return Err(format!("`{dir}` exists"));
    }
    let failed = |error: Error| error.reports.first().map(|report| report.message.clone()).unwrap_or_default();
    let (mut files, mut left) = source_files::read(&function.code).map_err(failed)?;
    let dependencies = manifest.bedrock_dependencies(dir.split('/').count());
    if function.language == Language::Rust {
        if let Some(reason) = cargo_lambda::conflict(&files, name) {
            return Err(reason);
        }
        let target = app.root.canonicalize().unwrap_or_else(|_| app.root.clone()).join(&dir);
        left.extend(cargo_lambda::make_worker(&mut files, function, &target, &dependencies)?);
        return Ok((files, left));
    }
    let main = adapter::add_main(&mut files, name, function.language, &function.handler)?;
    if function.language == Language::JavaScript {
        let template =
            if Language::is_typescript(&main) { WorkerTemplate::TypeScript } else { WorkerTemplate::JavaScript };
        if template == WorkerTemplate::TypeScript {
            left.extend(adapter::problems_of_typescript(&files, &dir));
        }
        let rendered = bedrock_templates::worker(name, template, &dependencies);
        let rendered = rendered.map_err(|error| error.to_string())?;
        for file in rendered.into_iter().filter(|file| OF_TEMPLATE.contains(&file.path.as_str())) {
            if !files.iter().any(|own| own.path == file.path) {
                files.push(CopiedFile { path: file.path, contents: file.contents });
            } else if BASE_CLASSES.contains(&file.path.as_str()) {
                return Err(format!(
                    "it has a file `{}`, which every worker of its language has; rename it",
                    file.path
                ));
            }
        }
    }
    if let Some(file) = files.iter().find(|file| bedrock_local::is_reserved(&file.path)) {
        return Err(format!("its file `{}` has a name that cargo bedrock needs for itself; rename it", file.path));
    }
    Ok((files, left))
}

/// Adds the worker and its settings. Returns why settings are not taken over: what SAM permits may be refused here.
fn add_to_manifest(manifest: &mut Manifest, app: &App, function: &ImportedFunction) -> Result<Vec<String>> {
    let name = function.name.as_str();
    if function.language == Language::Rust {
        manifest.add_worker(name, &format!("{}/{name}", app.settings.workers_dir))?;
        if !is_below_workspace(app) && !manifest.has_workspace() {
            manifest.add_workspace();
        }
    }
    let mut left = Vec::new();
    let mut settings: Vec<(&str, toml_edit::Value)> = Vec::new();
    for (key, value) in &function.settings {
        let mut value = value.clone();
        // One variable that is refused must not cost the others.
        if let (&"env", Some(variables)) = (key, value.as_inline_table_mut()) {
            let mut accepted = toml_edit::InlineTable::new();
            for (variable, text) in variables.iter() {
                let with_it = [&settings[..], &[("env", [(variable, text.clone())].into_iter().collect())]].concat();
                match refusal(manifest, name, &with_it)? {
                    Some(reason) => left.push(format!("worker `{name}`: `env.{variable}` is not imported: {reason}")),
                    None => drop(accepted.insert(variable, text.clone())),
                }
            }
            *variables = accepted;
        }
        let with_it = [&settings[..], &[(*key, value)]].concat();
        match refusal(manifest, name, &with_it)? {
            Some(reason) => left.push(format!("worker `{name}`: the setting `{key}` is not imported: {reason}")),
            None => settings = with_it,
        }
    }
    let mut triggers = toml_edit::Array::new();
    for trigger in &function.triggers {
        let before = triggers.clone();
        triggers.push(trigger.clone());
        let with_triggers = [&settings[..], &[("triggers", triggers.clone().into())]].concat();
        if let Some(reason) = refusal(manifest, name, &with_triggers)? {
            triggers = before;
            left.push(format!("worker `{name}`: the trigger `{trigger}` is not imported: {reason}"));
        }
    }
    if !triggers.is_empty() {
        settings.push(("triggers", triggers.into()));
    }
    manifest.add_settings(name, settings)?;
    Ok(left)
}

/// Returns why the app would refuse these settings of a worker, or `None` if it would not.
fn refusal(manifest: &Manifest, name: &str, settings: &[(&str, toml_edit::Value)]) -> Result<Option<String>> {
    let mut changed = Manifest::parse(&manifest.text())?;
    changed.add_settings(name, settings.to_vec())?;
    let Err(problems) = App::check_settings(&changed.text()) else { return Ok(None) };
    let message = problems.into_iter().next().map(|problem| problem.message).unwrap_or_default();
    // The line of a file that is not written would only confuse.
    let reason = message.split_once(": ").filter(|(place, _)| place.starts_with("Cargo.toml:"));
    Ok(Some(reason.map_or_else(|| message.clone(), |(_, reason)| reason.to_owned())))
}
