//! Reads event patterns, which are tables in the settings and JSON on AWS.

use toml::de::DeValue;

use super::json::object_text;
use super::reader::{Reader, Value};
use crate::event_pattern::{EventPattern, PatternDialect, PatternValue};

impl Reader<'_> {
    /// Reads a pattern. Returns its JSON text, of at most `max_chars` characters.
    pub(super) fn pattern(
        &mut self,
        value: &Value<'_>,
        path: &str,
        dialect: PatternDialect,
        max_chars: usize,
    ) -> Option<String> {
        let Some(text) = object_text(value.get_ref()) else {
            self.wrong_value(value, path, "a table that can be written as JSON");
            return None;
        };
        if let Err(reason) = EventPattern::parse(&pattern_value(value.get_ref()), dialect) {
            self.not_allowed(value, path, &reason);
            return None;
        }
        let chars = text.chars().count();
        if chars > max_chars {
            self.not_allowed(value, path, &format!("have {chars} characters as JSON, the limit is {max_chars}"));
            return None;
        }
        Some(text)
    }
}

/// Returns a value of the settings as a value of a pattern.
pub(super) fn pattern_value(value: &DeValue<'_>) -> PatternValue {
    match value {
        DeValue::Array(list) => PatternValue::List(list.iter().map(|each| pattern_value(each.get_ref())).collect()),
        DeValue::Table(table) => {
            let member = |(key, value): (&toml::Spanned<std::borrow::Cow<'_, str>>, &Value<'_>)| {
                (key.get_ref().to_string(), pattern_value(value.get_ref()))
            };
            PatternValue::Table(table.iter().map(member).collect())
        }
        DeValue::Boolean(boolean) => PatternValue::Boolean(*boolean),
        // Their text in JSON is that of a pattern.
        DeValue::Integer(_) | DeValue::Float(_) => {
            PatternValue::Number(super::json::value_text(value).unwrap_or_default())
        }
        DeValue::String(text) => PatternValue::String(text.to_string()),
        DeValue::Datetime(date_time) => PatternValue::String(date_time.to_string()),
    }
}
