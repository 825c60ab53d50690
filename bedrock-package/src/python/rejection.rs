//! Why a line of a `requirements.txt` cannot be installed for Lambda, and how to fix it.

/// Cause and help of an error.
pub(super) type Rejection = (String, String);

pub(super) fn reject<T>(cause: &str, help: &str) -> Result<T, Rejection> {
    Err((cause.to_owned(), help.to_owned()))
}
