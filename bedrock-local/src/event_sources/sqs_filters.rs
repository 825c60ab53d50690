//! The filters of an event source mapping: which messages reach the worker (Lambda developer guide, "Using event filtering
//! with an Amazon SQS event source").

use bedrock_build::event_pattern::{EventPattern, FieldPattern, PatternDialect};
use bedrock_model::{matches_pattern, parse_pattern};
use serde_json::{Value, json};

/// Patterns of which one has to match. Without patterns, every message is accepted.
#[derive(Debug, Clone, Default)]
pub struct MessageFilters(Vec<EventPattern>);

impl MessageFilters {
    /// Reads JSON texts that the settings have checked.
    #[must_use]
    pub fn of(texts: &[String]) -> Self {
        let parse = |text: &String| parse_pattern(text, PatternDialect::EventSourceMapping).ok();
        Self(texts.iter().filter_map(parse).collect())
    }

    /// Returns whether a message with this body reaches the worker. A pattern for the fields of a body matches no text, and
    /// a pattern for a text matches no body that is an object.
    #[must_use]
    pub fn accepts(&self, body: &str) -> bool {
        let object = serde_json::from_str::<Value>(body).ok().filter(Value::is_object);
        let matches = |pattern: &EventPattern| {
            let has_fields = pattern.fields.iter().any(|(_, field)| matches!(field, FieldPattern::Fields(_)));
            match &object {
                Some(object) if has_fields => matches_pattern(pattern, &json!({ "body": object })),
                None if !has_fields => matches_pattern(pattern, &json!({ "body": body })),
                _ => false,
            }
        };
        self.0.is_empty() || self.0.iter().any(matches)
    }
}

#[cfg(test)]
mod tests {
    use super::MessageFilters;

    #[test]
    fn bodies_are_compared_as_objects_or_as_text() {
        let fields = r#"{"body":{"RequestCode":["BBBB"],"n":[{"numeric":[">",1]}]}}"#;
        let text = r#"{"body":[{"prefix":"order "}]}"#;
        for (filters, body, is_accepted) in [
            (&[][..], "anything", true),
            (&[fields], r#"{"RequestCode":"BBBB","n":2}"#, true),
            (&[fields], r#"{"RequestCode":"BBBB","n":1}"#, false),
            (&[fields], "BBBB", false),
            (&[fields], "[1]", false),
            (&[text], "order 7", true),
            (&[text], "no order", false),
            (&[r#"{"body":[{"anything-but":"x"}]}"#], r#"{"a":1}"#, false),
            (&[fields, text], "order 7", true),
            (&[fields, text], r#"{"RequestCode":"BBBB","n":9}"#, true),
            (&[fields, text], "none", false),
        ] {
            let texts: Vec<String> = filters.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(MessageFilters::of(&texts).accepts(body), is_accepted, "{filters:?} {body}");
        }
    }
}
