//! What stands behind the `?`.

use std::collections::HashMap;
use std::str::FromStr;

use axum::extract::Query;

use super::response::ApiError;

/// All of it, decoded; an unknown one is a mistake that is told.
pub(super) struct QueryParams(HashMap<String, String>);

impl QueryParams {
    /// Those that were given, which must be some of `known`.
    pub(super) fn read(Query(given): Query<HashMap<String, String>>, known: &[&str]) -> Result<Self, ApiError> {
        match given.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => {
                let known = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                Err(ApiError::bad(format!("no parameter is called `{name}`, only {known}")))
            }
            None => Ok(Self(given)),
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// One of some words, if it is given.
    pub(super) fn one_of(&self, name: &str, known: &[&str]) -> Result<Option<&str>, ApiError> {
        let given = self.text(name);
        let Some(odd) = given.filter(|given| !known.contains(given)) else { return Ok(given) };
        let known = match known {
            [one, other] => format!("`{one}` or `{other}`"),
            several => format!("one of `{}`", several.join("`, `")),
        };
        Err(ApiError::bad(format!("`{name}` must be {known}, found `{odd}`")))
    }

    /// A number, if it is given.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let number =
            |text: &str| text.parse().map_err(|_| ApiError::bad(format!("`{name}` must be a number, found `{text}`")));
        self.text(name).map(number).transpose()
    }

    /// A number of things, from 1 to `most`.
    pub(super) fn limit(&self, most: usize) -> Result<usize, ApiError> {
        let limit = self.number("limit")?.unwrap_or(most.min(100));
        if (1..=most).contains(&limit) {
            return Ok(limit);
        }
        Err(ApiError::bad(format!("`limit` must be from 1 to {most}, found `{limit}`")))
    }
}
