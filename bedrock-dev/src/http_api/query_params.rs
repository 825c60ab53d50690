//! Typed query-string parsing.

use std::collections::HashMap;
use std::str::FromStr;

use axum::extract::Query;

use super::response::ApiError;

const DEFAULT_LIMIT: usize = 100;

/// The decoded parameters of a request, all of them known to its route.
pub(super) struct QueryParams(HashMap<String, String>);

impl QueryParams {
    /// Reads the parameters. Returns an error if one is not in `known`.
    pub(super) fn read(Query(params): Query<HashMap<String, String>>, known: &[&str]) -> Result<Self, ApiError> {
        match params.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => {
                let known = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                Err(ApiError::bad_request(format!("unknown parameter `{name}`; known: {known}")))
            }
            None => Ok(Self(params)),
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns a parameter that must be one of `allowed`. Returns `None` if it is missing.
    pub(super) fn one_of(&self, name: &str, allowed: &[&str]) -> Result<Option<&str>, ApiError> {
        let value = self.text(name);
        let Some(found) = value.filter(|value| !allowed.contains(value)) else { return Ok(value) };
        let allowed = match allowed {
            [one, other] => format!("`{one}` or `{other}`"),
            several => format!("one of `{}`", several.join("`, `")),
        };
        Err(ApiError::bad_request(format!("`{name}` must be {allowed}, found `{found}`")))
    }

    /// Returns a parameter that must be a number. Returns `None` if it is missing.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let parse = |text: &str| {
            text.parse().map_err(|_| ApiError::bad_request(format!("`{name}` must be a number, found `{text}`")))
        };
        self.text(name).map(parse).transpose()
    }

    /// Returns the parameter `limit`, which must be from 1 to `max`. The default is 100, or `max` if that is smaller.
    pub(super) fn limit(&self, max: usize) -> Result<usize, ApiError> {
        let limit = self.number("limit")?.unwrap_or(max.min(DEFAULT_LIMIT));
        if (1..=max).contains(&limit) {
            return Ok(limit);
        }
        Err(ApiError::bad_request(format!("`limit` must be from 1 to {max}, found `{limit}`")))
    }
}
