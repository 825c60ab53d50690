//! The error of a worker that fails: the type and the message that its caller gets.

use std::any::{Any, type_name};
use std::error::Error as StdError;
use std::fmt;

use bedrock_model::text::error_chain;

/// The result of a worker or of an app's `main`.
pub type Result<T, E = WorkerError> = std::result::Result<T, E>;

/// Why a worker failed. Every error converts into it with `?`.
///
/// A caller in any language gets `errorType`, the last part of the error's type (`ParseIntError`), and `errorMessage`,
/// the texts of the error and its causes.
pub struct WorkerError {
    pub(crate) error_type: String,
    pub(crate) message: String,
}

impl WorkerError {
    /// Returns an error of any type: `WorkerError::new("NoSuchStar", "Vega is not on the map")`.
    pub fn new(error_type: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { error_type: error_type.into(), message: message.to_string() }
    }

    /// Returns the `errorType` that callers get.
    pub fn error_type(&self) -> &str {
        &self.error_type
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for WorkerError {
    fn from(error: E) -> Self {
        // The error of a call keeps its own type: `Timeout` or `KeyError`, not `Error`.
        let error_type = match (&error as &dyn Any).downcast_ref::<crate::Error>() {
            Some(error) => error.error_type().to_owned(),
            None => short_type_name::<E>().to_owned(),
        };
        Self { error_type, message: error_chain(&error) }
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

/// Returns `ParseIntError` for `core::num::error::ParseIntError`, without generic arguments.
fn short_type_name<T>() -> &'static str {
    let name = type_name::<T>();
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::WorkerError;

    #[test]
    fn worker_error_type_is_the_short_type_name() {
        let error = WorkerError::from("x".parse::<u8>().expect_err("not a number"));
        assert_eq!(error.error_type(), "ParseIntError");
        assert_eq!(error.to_string(), "invalid digit found in string");
    }

    #[test]
    fn worker_error_of_a_call_keeps_its_error_type() {
        let error = WorkerError::from(crate::Error::Function {
            worker: "w".into(),
            error_type: "KeyError".into(),
            message: "'width'".into(),
            trace: Vec::new(),
        });
        assert_eq!(error.error_type(), "KeyError");
    }
}
