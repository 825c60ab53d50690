//! The table of responses and errors of Python and JavaScript workers, and what their callers get: the same wherever the worker
//! runs, or `lambda` or `rust` with the reason in `why`.

use serde_json::{Value, json};

/// A case of a worker.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) worker: String,
    /// The event.
    pub(crate) event: Value,
    row: Value,
}

impl Case {
    /// Returns all cases.
    pub(crate) fn all() -> Vec<Self> {
        let rows: Vec<Value> = serde_json::from_str(include_str!("table.json")).expect("a table");
        let case = |row: Value| Self {
            worker: row["worker"].as_str().expect("a worker").to_owned(),
            event: row["case"].clone(),
            row,
        };
        rows.into_iter().map(case).collect()
    }

    /// Returns what callers in `place` get. A place of its own has all that the first word of its name has.
    pub(crate) fn expected(&self, place: &str) -> &Value {
        let general = place.split(' ').next().unwrap_or(place);
        let other = [place, general].map(|place| &self.row[place]).into_iter().find(|other| !other.is_null());
        let other = other.unwrap_or(&Value::Null);
        assert!(other.is_null() || self.row["why"].is_string(), "{} has a difference without a reason", self.event);
        if other.is_null() { &self.row["result"] } else { other }
    }
}

/// Compares the results of cases in `place`, and panics with all that differ.
pub(crate) fn assert_equal(place: &str, results: &[(&Case, Value)]) {
    let different: Vec<String> = results
        .iter()
        .filter(|(case, result)| case.expected(place) != result)
        .map(|(case, result)| {
            format!("{} {}\n  expected {}\n  got      {result}", case.worker, case.event, case.expected(place))
        })
        .collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Returns the result for an error. Messages about the end of a process may begin with the request id.
pub(crate) fn error(kind: &str, message: &str) -> Value {
    let rest = message.strip_prefix("RequestId: ").and_then(|rest| rest.split_once(" Error: "));
    let message = rest.map_or(message, |(_, message)| message);
    json!({ "error": kind, "message": message })
}
