//! What `cargo bedrock new` writes: the files of an app, a worker and an endpoint, rendered in memory, and those that
//! deploy an app.
//!
//! The files are those below `files/`; the ones that end in `.j2` are minijinja templates.
//! Where they go on the disk, and that nothing there is overwritten, is the caller's business.

#![forbid(unsafe_code)]

mod embedded;
mod migrated;
mod render;

use bedrock_build::{AppName, EndpointName, Language, WorkerName};

use crate::embedded::{APP, ENDPOINT, Embedded, JAVASCRIPT, PYTHON, RUST, TERRAFORM};
pub use crate::migrated::{Handler, Port, Route, migrated};
pub use crate::render::TemplateError;
use crate::render::{Variables, render};

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative to the folder of the app or the worker, with `/`.
    pub path: String,
    /// The whole text.
    pub contents: String,
}

/// How a crate of the app depends on this project's crates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependencies {
    /// A line of `[dependencies]`, for example `bedrock = { package = "bedrock-rt", version = "0.1.0" }`.
    pub runtime: String,
    /// A line of `[build-dependencies]`, for example `bedrock-build = "0.1.0"`.
    pub build: String,
}

/// A new app without its first worker, which it calls: add [`worker()`] in Rust below `workers/`.
pub fn app(name: &AppName, first_worker: &WorkerName, uses: &Dependencies) -> Result<Vec<File>, TemplateError> {
    let mut variables = variables_of_worker(first_worker);
    variables.extend([
        ("app", name.as_str().into()),
        ("runtime", uses.runtime.clone().into()),
        ("build", uses.build.clone().into()),
    ]);
    render(APP, &variables)
}

/// What deploys an app: `terraform/` and the workflow, the same for every app.
pub fn terraform() -> Vec<File> {
    let file = |embedded: &Embedded| File { path: embedded.path.to_owned(), contents: embedded.text.to_owned() };
    TERRAFORM.iter().map(file).collect()
}

/// The folder of a new worker. `uses` matters to Rust alone.
pub fn worker(name: &WorkerName, language: Language, uses: &Dependencies) -> Result<Vec<File>, TemplateError> {
    let mut variables = variables_of_worker(name);
    variables.extend([("runtime", uses.runtime.clone().into()), ("build", uses.build.clone().into())]);
    let templates = match language {
        Language::Python => PYTHON,
        Language::JavaScript => JAVASCRIPT,
        Language::Rust => RUST,
    };
    render(templates, &variables)
}

/// The file of a new endpoint, relative to the app.
pub fn endpoint(name: &EndpointName) -> Result<Vec<File>, TemplateError> {
    let mut files = render(ENDPOINT, &Variables::from([("endpoint", name.as_str().into())]))?;
    for file in &mut files {
        file.path = format!("src/endpoints/{name}.rs");
    }
    Ok(files)
}

fn variables_of_worker(name: &WorkerName) -> Variables {
    Variables::from([("worker", name.as_str().into()), ("class", name.class_name().into())])
}

#[cfg(test)]
mod tests;
