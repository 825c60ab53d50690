//! Rendering with minijinja. A variable that a template uses and nobody sets is an error, never an empty text.

use std::collections::BTreeMap;
use std::fmt;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use crate::File;
use crate::embedded::Embedded;

/// What the templates may use, by name.
pub(crate) type Variables = BTreeMap<&'static str, Value>;

/// A template that cannot be rendered. It is a mistake in this crate, not the user's.
#[derive(Debug)]
pub struct TemplateError {
    /// The file that was to be made.
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

pub(crate) fn render(files: &[Embedded], variables: &Variables) -> Result<Vec<File>, TemplateError> {
    let environment = environment();
    let values = Value::from_object(variables.clone());
    let fill = |file: &Embedded| {
        let text = environment.render_str(file.text, values.clone());
        // minijinja takes the last line end of a template away.
        text.map(|text| text + "\n").map_err(|source| TemplateError { path: file.path, source })
    };
    files
        .iter()
        .map(|file| {
            let contents = if file.is_template { fill(file)? } else { file.text.to_owned() };
            Ok(File { path: file.path.to_owned(), contents })
        })
        .collect()
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // These are programs and manifests: what goes in are names that were parsed, nothing has to be escaped.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment
}
