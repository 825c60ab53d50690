//! The errors that hosts write, as Lambda's runtimes for Python and Node write them.

use serde::Deserialize;

use crate::Error;

/// Python writes `stackTrace`, Node `trace`; any part may be missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    error_type: String,
    #[serde(default)]
    error_message: String,
    #[serde(default, alias = "stackTrace")]
    trace: Vec<String>,
}

/// Reads an error; what is no error object becomes the message.
pub(super) fn function_error(worker: &str, json: &[u8]) -> Error {
    let written = serde_json::from_slice(json).unwrap_or_else(|_| Written {
        error_type: "Unknown".to_owned(),
        error_message: String::from_utf8_lossy(json).into_owned(),
        trace: Vec::new(),
    });
    Error::Function {
        worker: worker.to_owned(),
        error_type: written.error_type,
        message: written.error_message,
        trace: written.trace,
    }
}

#[cfg(test)]
mod tests {
    use super::function_error;
    use crate::Error;

    #[test]
    fn errors_of_both_languages_and_of_none_are_read() {
        let table = [
            (r#"{"errorType":"KeyError","errorMessage":"'a'","stackTrace":["x"]}"#, "KeyError", "'a'", 1),
            (r#"{"errorType":"TypeError","errorMessage":"no","trace":["x","y"]}"#, "TypeError", "no", 2),
            (r#"{"errorMessage":"no"}"#, "", "no", 0),
            ("a text", "Unknown", "a text", 0),
        ];
        for (json, kind, text, lines) in table {
            let Error::Function { error_type, message, trace, .. } = function_error("w", json.as_bytes()) else {
                panic!("{json}")
            };
            assert_eq!((error_type.as_str(), message.as_str(), trace.len()), (kind, text, lines), "{json}");
        }
    }
}
