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
    APP, DURABLE_JAVASCRIPT, DURABLE_PYTHON, DURABLE_RUST, DURABLE_TYPESCRIPT, ENDPOINT, JAVASCRIPT, JAVASCRIPT_TYPES,
    PYTHON, PYTHON_TYPES, RUST, TERRAFORM, TYPESCRIPT, TemplateFile,
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
    unchanged(TERRAFORM)
}

/// Returns the files of an app by which type checkers and editors know the module `bedrock` of Python workers.
pub fn python_types() -> Vec<RenderedFile> {
    unchanged(PYTHON_TYPES)
}

/// Returns the declarations for TypeScript of what JavaScript workers import. They are the same for every app.
pub fn javascript_types() -> &'static str {
    JAVASCRIPT_TYPES
}

fn unchanged(files: &[TemplateFile]) -> Vec<RenderedFile> {
    let file = |file: &TemplateFile| RenderedFile { path: file.path.to_owned(), contents: file.text.to_owned() };
    files.iter().map(file).collect()
}

/// What a new worker is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerTemplate {
    /// A crate.
    Rust,
    /// A Python module.
    Python,
    /// A CommonJS module.
    JavaScript,
    /// An ES module.
    TypeScript,
}

impl WorkerTemplate {
    /// All templates.
    pub const ALL: [Self; 4] = [Self::Rust, Self::Python, Self::JavaScript, Self::TypeScript];

    /// Returns the language, which is JavaScript for TypeScript.
    pub fn language(self) -> Language {
        match self {
            Self::Rust => Language::Rust,
            Self::Python => Language::Python,
            Self::JavaScript | Self::TypeScript => Language::JavaScript,
        }
    }

    /// Returns the name of the language for people, for example `typescript`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TypeScript => "typescript",
            other => other.language().as_str(),
        }
    }

    /// Returns the suffix by which the user selects it, for example `ts`.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Rust => "rs",
            Self::Python => "py",
            Self::JavaScript => "js",
            Self::TypeScript => "ts",
        }
    }
}

/// Renders the folder of a new worker. `dependencies` is used only for Rust.
pub fn worker(
    name: &WorkerName,
    template: WorkerTemplate,
    dependencies: &Dependencies,
) -> Result<Vec<RenderedFile>, TemplateError> {
    let templates = match template {
        WorkerTemplate::Python => PYTHON,
        WorkerTemplate::JavaScript => JAVASCRIPT,
        WorkerTemplate::TypeScript => TYPESCRIPT,
        WorkerTemplate::Rust => RUST,
    };
    render(templates, &rust_variables(name, dependencies))
}

/// Renders the folder of a new durable worker. `dependencies` is used only for Rust, and has the feature `durable`.
pub fn durable_worker(
    name: &WorkerName,
    template: WorkerTemplate,
    dependencies: &Dependencies,
) -> Result<Vec<RenderedFile>, TemplateError> {
    let templates = match template {
        WorkerTemplate::Python => DURABLE_PYTHON,
        WorkerTemplate::JavaScript => DURABLE_JAVASCRIPT,
        WorkerTemplate::Rust => DURABLE_RUST,
        WorkerTemplate::TypeScript => DURABLE_TYPESCRIPT,
    };
    render(templates, &rust_variables(name, dependencies))
}

/// Renders the file of a new endpoint, with a path relative to the app.
pub fn endpoint(name: &EndpointName) -> Result<Vec<RenderedFile>, TemplateError> {
    let mut files = render(ENDPOINT, &Variables::from([("endpoint", name.as_str().into())]))?;
    for file in &mut files {
        file.path = format!("src/endpoints/{name}.rs");
    }
    Ok(files)
}

fn rust_variables(name: &WorkerName, dependencies: &Dependencies) -> Variables {
    let mut variables = worker_variables(name);
    variables.extend([("runtime", dependencies.runtime.clone().into()), ("build", dependencies.build.clone().into())]);
    variables
}

fn worker_variables(name: &WorkerName) -> Variables {
    Variables::from([("worker", name.as_str().into()), ("class", name.class_name().into())])
}

#[cfg(test)]
mod tests;
