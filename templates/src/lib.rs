//! Renders the files that `cargo bedrock new` writes: those of an app, a worker and an endpoint, and those for
//! deployment.
//!
//! The files are in `files/`. Those that end with `.j2` are minijinja templates.
//! Files are rendered in memory: the caller writes them to disk, and must not overwrite existing files.

#![forbid(unsafe_code)]

mod dependencies;
mod embedded;
mod migration;
mod render;

use bedrock_build::{AppName, EndpointName, Language, WorkerName};

pub use crate::dependencies::Dependencies;
use crate::embedded::{
    APP, DURABLE_JAVASCRIPT, DURABLE_PYTHON, ENDPOINT, JAVASCRIPT, PYTHON, RUST, TERRAFORM, TemplateFile,
};
pub use crate::migration::{EndpointPort, HandlerPort, Route, migrated_app};
pub use crate::render::{RenderedFile, TemplateError};
use crate::render::{Variables, render};

/// Renders a new app, which calls `first_worker`. The worker itself is not included: render it with [`worker()`] in
/// Rust.
pub fn app(
    name: &AppName,
    first_worker: &WorkerName,
    dependencies: &Dependencies,
) -> Result<Vec<RenderedFile>, TemplateError> {
    let mut variables = worker_variables(first_worker);
    variables.extend([
        ("app", name.as_str().into()),
        ("runtime", dependencies.runtime.clone().into()),
        ("build", dependencies.build.clone().into()),
    ]);
    render(APP, &variables)
}

/// Returns the files for deployment, `terraform/` and the workflow. They are the same for every app.
pub fn terraform() -> Vec<RenderedFile> {
    let file = |file: &TemplateFile| RenderedFile { path: file.path.to_owned(), contents: file.text.to_owned() };
    TERRAFORM.iter().map(file).collect()
}

/// Renders the folder of a new worker. `dependencies` is used only for Rust.
pub fn worker(
    name: &WorkerName,
    language: Language,
    dependencies: &Dependencies,
) -> Result<Vec<RenderedFile>, TemplateError> {
    let mut variables = worker_variables(name);
    variables.extend([("runtime", dependencies.runtime.clone().into()), ("build", dependencies.build.clone().into())]);
    let templates = match language {
        Language::Python => PYTHON,
        Language::JavaScript => JAVASCRIPT,
        Language::Rust => RUST,
    };
    render(templates, &variables)
}

/// Renders the folder of a new durable worker. Returns `None` for a language whose workers cannot be durable.
pub fn durable_worker(name: &WorkerName, language: Language) -> Result<Option<Vec<RenderedFile>>, TemplateError> {
    let templates = match language {
        Language::Python => DURABLE_PYTHON,
        Language::JavaScript => DURABLE_JAVASCRIPT,
        Language::Rust => return Ok(None),
    };
    render(templates, &worker_variables(name)).map(Some)
}

/// Renders the file of a new endpoint, with a path relative to the app.
pub fn endpoint(name: &EndpointName) -> Result<Vec<RenderedFile>, TemplateError> {
    let mut files = render(ENDPOINT, &Variables::from([("endpoint", name.as_str().into())]))?;
    for file in &mut files {
        file.path = format!("src/endpoints/{name}.rs");
    }
    Ok(files)
}

fn worker_variables(name: &WorkerName) -> Variables {
    Variables::from([("worker", name.as_str().into()), ("class", name.class_name().into())])
}

#[cfg(test)]
mod tests;
