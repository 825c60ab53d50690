//! A new endpoint: its file, and two lines in `src/endpoints/mod.rs`, which is the user's.

use bedrock_build::{App, EndpointName};
use bedrock_templates as templates;

use super::manifest::Manifest;
use super::{Plan, Step, marks};
use bedrock_diagnostics::{Error, Result};

/// Where the endpoints are put together.
pub(crate) const MODULE: &str = "src/endpoints/mod.rs";
const MODULES: &str = "// cargo bedrock: modules";
const ROUTERS: &str = "// cargo bedrock: routers";
/// What the code of a new endpoint uses.
const CRATES: [(&str, &str); 2] = [("axum", "axum = \"0.8\""), ("serde_json", "serde_json = \"1\"")];

/// The endpoint `name` in `app`, whose `Cargo.toml` and `src/endpoints/mod.rs` say `manifest` and `module`.
/// Also gives what is left for the user to add by hand.
pub(crate) fn plan(app: &App, manifest: &str, module: &str, name: &EndpointName) -> Result<(Plan, Vec<String>)> {
    refuse_taken(module, name)?;
    let mut by_hand = Vec::new();
    let mut after = module.to_owned();
    let lines = [(MODULES, format!("mod {name};")), (ROUTERS, format!(".merge({name}::router())"))];
    for ((mark, line), is_alike) in lines.into_iter().zip([is_module, is_merge]) {
        match marks::insert(&after, mark, &line, is_alike) {
            Some(text) => after = text,
            None => by_hand.push(format!("add `{line}` to `{MODULE}` by hand: its mark `{mark}` is gone")),
        }
    }
    let manifest = Manifest::parse(manifest)?;
    for (_, line) in CRATES.iter().filter(|(package, _)| manifest.dependency_owner(package).is_none()) {
        by_hand.push(format!("add `{line}` to `[dependencies]` in `Cargo.toml`: the endpoint uses it"));
    }
    let files = templates::endpoint(name)?.into_iter();
    let mut steps: Vec<Step> =
        files.map(|file| Step::File { path: app.root.join(file.path), contents: file.contents }).collect();
    if after != module {
        steps.push(Step::Edit { path: app.root.join(MODULE), before: module.to_owned(), after });
    }
    Ok((Plan { base: app.root.clone(), steps }, by_hand))
}

fn refuse_taken(module: &str, name: &EndpointName) -> Result<()> {
    let declares = |line: &str| line.trim().trim_start_matches("pub ").starts_with(&format!("mod {name};"));
    if module.lines().any(declares) {
        return Err(Error::call(format!("endpoint `{name}` exists already, `{MODULE}` has `mod {name};`"))
            .help("choose another name"));
    }
    // `use axum::Router` beside `mod axum` does not compile: either could be meant.
    if module.lines().any(|line| line.trim().starts_with(&format!("use {name}::"))) {
        return Err(Error::call(format!("`{name}` cannot name an endpoint: `{MODULE}` uses a crate of that name"))
            .help(format!("`{name}_endpoint` would do")));
    }
    Ok(())
}

fn is_module(line: &str) -> bool {
    line.starts_with("mod ") && line.ends_with(';')
}

fn is_merge(line: &str) -> bool {
    line.starts_with(".merge(") && line.ends_with("::router())")
}
