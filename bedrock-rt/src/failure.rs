//! What a worker returns when it fails: any error, as the type and message that a caller gets to see.

use std::any::{Any, type_name};
use std::error::Error as StdError;
use std::fmt;

/// The result of a worker, or of an app's `main`.
pub type Result<T, E = WorkerError> = std::result::Result<T, E>;

/// Why a worker failed. Every error converts into it with `?`.
///
/// A caller in any language gets `errorType`, which is the last part of the error's type (`ParseIntError`), and
/// `errorMessage`, which is the error and its causes.
pub struct WorkerError {
    pub(crate) error_type: String,
    pub(crate) message: String,
}

impl WorkerError {
    /// A failure of a kind of your own: `WorkerError::new("NoSuchStar", "Vega is not on the map")`.
    pub fn new(error_type: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { error_type: error_type.into(), message: message.to_string() }
    }

    /// What a caller sees as `errorType`.
    pub fn error_type(&self) -> &str {
        &self.error_type
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for WorkerError {
    fn from(error: E) -> Self {
        // A failed call keeps the kind of the failure: `Timeout`, `KeyError`, not `Error`.
        let error_type = match (&error as &dyn Any).downcast_ref::<crate::Error>() {
            Some(error) => error.error_type().to_owned(),
            None => short_type_name::<E>().to_owned(),
        };
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self { error_type, message }
    }
}

impl fmt::Display for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error_type, self.message)
    }
}

impl From<WorkerError> for lambda_runtime::Diagnostic {
    fn from(error: WorkerError) -> Self {
        Self { error_type: error.error_type, error_message: error.message }
    }
}

/// `core::num::error::ParseIntError` gives `ParseIntError`; generic arguments are left out.
fn short_type_name<T>() -> &'static str {
    let name = type_name::<T>();
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::WorkerError;

    #[test]
    fn the_type_of_an_error_is_its_short_name() {
        let error = WorkerError::from("x".parse::<u8>().expect_err("no number"));
        assert_eq!(error.error_type(), "ParseIntError");
        assert_eq!(error.to_string(), "invalid digit found in string");
    }

    #[test]
    fn a_failed_call_keeps_the_kind_of_the_failure() {
        let error = WorkerError::from(crate::Error::Function {
            worker: "w".into(),
            error_type: "KeyError".into(),
            message: "'width'".into(),
            trace: Vec::new(),
        });
        assert_eq!(error.error_type(), "KeyError");
    }
}
