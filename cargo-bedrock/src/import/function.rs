//! A function of another project.

use std::path::PathBuf;

use bedrock_build::{Language, WorkerName};
use toml_edit::{InlineTable, Value};

/// A function that becomes a worker.
#[derive(Debug)]
pub(super) struct ImportedFunction {
    pub(super) name: WorkerName,
    pub(super) language: Language,
    /// The folder of its code.
    pub(super) code: PathBuf,
    /// What Lambda calls: `app.lambda_handler`. Empty for Rust.
    pub(super) handler: String,
    /// Its settings in `Cargo.toml`.
    pub(super) settings: Vec<(&'static str, Value)>,
    pub(super) triggers: Vec<InlineTable>,
}

/// The functions that were found, and what is not taken over.
#[derive(Debug, Default)]
pub(super) struct FoundFunctions {
    pub(super) functions: Vec<ImportedFunction>,
    /// Each with file, line and reason.
    pub(super) left: Vec<String>,
}

/// Returns the name of a worker for a function: `HelloWorldFunction` and `hello-world` become `hello_world`.
pub(super) fn worker_name(function: &str) -> Option<WorkerName> {
    let without = function.strip_suffix("Function").filter(|rest| !rest.is_empty()).unwrap_or(function);
    let mut name = String::new();
    let mut before = '_';
    let letters: Vec<char> = without.chars().collect();
    for (at, letter) in letters.iter().copied().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            if before != '_' {
                name.push('_');
                before = '_';
            }
            continue;
        }
        let ends_acronym = letters.get(at + 1).is_some_and(char::is_ascii_lowercase) && before.is_ascii_uppercase();
        if letter.is_ascii_uppercase() && before != '_' && (!before.is_ascii_uppercase() || ends_acronym) {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
        before = letter;
    }
    WorkerName::parse(name.trim_end_matches('_')).ok()
}

#[cfg(test)]
mod tests {
    use super::worker_name;

    #[test]
    fn names_of_functions_become_names_of_workers() {
        for (function, worker) in [
            ("HelloWorldFunction", "hello_world"),
            ("resizeS3Images", "resize_s3_images"),
            ("HTTPFetcher", "http_fetcher"),
            ("send-mail", "send_mail"),
            ("Function", "function"),
        ] {
            assert_eq!(worker_name(function).map(|name| name.to_string()).as_deref(), Some(worker), "{function}");
        }
        assert!(worker_name("123").is_none());
    }
}
