//! Renders templates with minijinja. A variable that a template uses but that is not set is an error, not an empty
//! text.

use std::collections::BTreeMap;
use std::fmt;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use crate::embedded::TemplateFile;

/// A rendered file, to be written to disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFile {
    /// The path relative to the folder of the app or the worker, with `/` as separator.
    pub path: String,
    /// The complete text.
    pub contents: String,
}

/// The variables of templates, by name.
pub(crate) type Variables = BTreeMap<&'static str, Value>;

/// The error of a template that cannot be rendered. It is a bug in this crate, not a mistake of the user.
#[derive(Debug)]
pub struct TemplateError {
    /// The path of the file that could not be rendered.
    pub path: &'static str,
    source: minijinja::Error,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to render the template of `{}`", self.path)
    }
}

impl std::error::Error for TemplateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl From<TemplateError> for bedrock_diagnostics::Error {
    fn from(error: TemplateError) -> Self {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        source.into_iter().fold(Self::call(error.to_string()), Self::cause)
    }
}

/// Renders templates. Files that are not templates are returned unchanged.
pub(crate) fn render(files: &[TemplateFile], variables: &Variables) -> Result<Vec<RenderedFile>, TemplateError> {
    let environment = environment();
    let values = Value::from_object(variables.clone());
    let render_template = |file: &TemplateFile| {
        let text = environment.render_str(file.text, values.clone());
        // minijinja removes the newline at the end of a template.
        text.map(|text| text + "\n").map_err(|source| TemplateError { path: file.path, source })
    };
    files
        .iter()
        .map(|file| {
            let contents = if file.is_template { render_template(file)? } else { file.text.to_owned() };
            Ok(RenderedFile { path: file.path.to_owned(), contents })
        })
        .collect()
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // No escaping is needed: the files are programs and manifests, and the variables are validated names.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment
}
