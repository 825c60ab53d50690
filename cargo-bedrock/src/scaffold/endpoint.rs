//! A new endpoint: its file, and two lines in the user's `src/endpoints/mod.rs`.

use bedrock_build::{App, EndpointName};
use bedrock_templates as templates;

use super::insertion_points::insert_line;
use super::manifest::Manifest;
use crate::file_plan::{FilePlan, FileStep};
use bedrock_diagnostics::{Error, Result};

/// The file that combines the endpoints.
pub(crate) const MODULE_FILE: &str = "src/endpoints/mod.rs";
/// Marker comment that the `mod` lines follow.
const MODULES_MARKER: &str = "// cargo bedrock: modules";
/// Marker comment that the `.merge(…)` lines follow.
const ROUTERS_MARKER: &str = "// cargo bedrock: routers";
/// Crates that the code of a new endpoint uses: the package, and its line in `[dependencies]`.
const CRATES: [(&str, &str); 2] = [("axum", "axum = \"0.8\""), ("serde_json", "serde_json = \"1\"")];

/// Plans the endpoint `name` in `app`. `manifest` and `module` are the texts of `Cargo.toml` and
/// `src/endpoints/mod.rs`. Also returns the steps that are left to the user.
pub(crate) fn plan(app: &App, manifest: &str, module: &str, name: &EndpointName) -> Result<(FilePlan, Vec<String>)> {
    check_name_is_free(module, name)?;
    let mut manual_steps = Vec::new();
    let mut after = module.to_owned();
    let lines = [(MODULES_MARKER, format!("mod {name};")), (ROUTERS_MARKER, format!(".merge({name}::router())"))];
    for ((marker, line), is_similar) in lines.into_iter().zip([is_module_line, is_merge_line]) {
        match insert_line(&after, marker, &line, is_similar) {
            Some(text) => after = text,
            None => manual_steps.push(format!("add `{line}` to `{MODULE_FILE}`: its marker `{marker}` is missing")),
        }
    }
    let manifest = Manifest::parse(manifest)?;
    for (_, line) in CRATES.iter().filter(|(package, _)| manifest.dependency_owner(package).is_none()) {
        manual_steps.push(format!("add `{line}` to `[dependencies]` in `Cargo.toml`: the endpoint uses it"));
    }
    let files = templates::endpoint(name)?.into_iter();
    let mut steps: Vec<FileStep> =
        files.map(|file| FileStep::CreateFile { path: app.root.join(file.path), contents: file.contents }).collect();
    if after != module {
        steps.push(FileStep::Edit { path: app.root.join(MODULE_FILE), before: module.to_owned(), after });
    }
    Ok((FilePlan { base: app.root.clone(), steps }, manual_steps))
}

fn check_name_is_free(module: &str, name: &EndpointName) -> Result<()> {
    let declares = |line: &str| line.trim().trim_start_matches("pub ").starts_with(&format!("mod {name};"));
    if module.lines().any(declares) {
        return Err(Error::call(format!("endpoint `{name}` already exists, `{MODULE_FILE}` has `mod {name};`"))
            .help("choose another name"));
    }
    // `use axum::Router` and `mod axum` in one file do not compile, because the name is ambiguous.
    if module.lines().any(|line| line.trim().starts_with(&format!("use {name}::"))) {
        return Err(Error::call(format!(
            "`{name}` cannot name an endpoint: `{MODULE_FILE}` uses a crate of that name"
        ))
        .help(format!("use another name, such as `{name}_endpoint`")));
    }
    Ok(())
}

fn is_module_line(line: &str) -> bool {
    line.starts_with("mod ") && line.ends_with(';')
}

fn is_merge_line(line: &str) -> bool {
    line.starts_with(".merge(") && line.ends_with("::router())")
}
