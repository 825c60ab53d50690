//! Reads the triggers that deliver single events: subscriptions of SNS topics and rules of event buses.

use toml::de::DeTable;

use super::arn::is_staged_arn_of;
use super::reader::{Reader, Value};
use super::triggers::{
    BusTrigger, FilterScope, TopicTrigger, TriggerSource, is_fifo_queue, validate_topic_or_bus_name,
};
use crate::event_pattern::{EventPattern, FieldPattern, PatternDialect};

const TOPIC_KEYS: &[&str] = &["filter", "filter-scope", "topic"];
const BUS_KEYS: &[&str] = &["bus", "pattern"];

/// Attributes in a filter policy (SNS developer guide, "Filter policy constraints").
const MAX_FILTER_FIELDS: usize = 5;
/// Combinations of values in a filter policy (SNS developer guide, "Filter policy constraints").
const MAX_FILTER_COMBINATIONS: usize = 150;
/// Characters of a filter policy: 256 KiB, the quota for all of a topic (SNS quotas).
const MAX_FILTER_CHARS: usize = 256 * 1024;
/// Characters of an event pattern (API model of EventBridge, `EventPattern`).
const MAX_PATTERN_CHARS: usize = 4096;

impl Reader<'_> {
    /// Reads a subscription of a topic.
    pub(super) fn topic(&mut self, table: &DeTable<'_>, path: &str) -> Option<TopicTrigger> {
        let topic = self.event_source(table, "topic", "sns", path)?;
        let problems = self.problems.len();
        let mut trigger = TopicTrigger { topic, filter: None, filter_scope: FilterScope::default() };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full_path = format!("{path}.{name}");
            match name {
                "topic" => {}
                "filter" => {
                    let dialect = PatternDialect::EventSourceMapping;
                    trigger.filter = self.pattern(value, &full_path, dialect, MAX_FILTER_CHARS);
                }
                "filter-scope" => match value.get_ref().as_str() {
                    Some("attributes") => {}
                    Some("body") => trigger.filter_scope = FilterScope::Body,
                    _ => self.wrong_value(value, &full_path, "`\"attributes\"` or `\"body\"`"),
                },
                _ => self.unknown_key(name, &key.span(), path, TOPIC_KEYS),
            }
        }
        let has_problems = self.problems.len() > problems;
        if let (None, Some(value)) = (table.get("filter"), table.get("filter-scope").filter(|_| !has_problems)) {
            self.not_allowed(value, &format!("{path}.filter-scope"), "be set without `filter`");
        }
        if let Some(value) = table.get("filter") {
            self.check_filter_policy(value, &format!("{path}.filter"), trigger.filter_scope);
        }
        Some(trigger)
    }

    /// Checks what only filter policies of SNS are limited to.
    fn check_filter_policy(&mut self, value: &Value<'_>, path: &str, scope: FilterScope) {
        let pattern = super::pattern_reader::pattern_value(value.get_ref());
        let Ok(pattern) = EventPattern::parse(&pattern, PatternDialect::EventSourceMapping) else { return };
        let source = "\"Filter policy constraints\" in SNS's developer guide";
        let has_objects = pattern.fields.iter().any(|(_, field)| matches!(field, FieldPattern::Fields(_)));
        let fields = pattern.fields.len();
        let combinations = combinations(&pattern, 1);
        if scope == FilterScope::Attributes && has_objects {
            let reason = "have an object in place of a list: attributes of messages are not nested, and \
                          `filter-scope = \"body\"` compares the message";
            self.not_allowed(value, path, reason);
        } else if fields > MAX_FILTER_FIELDS {
            self.not_allowed(value, path, &format!("have {fields} names, the limit is {MAX_FILTER_FIELDS} ({source})"));
        } else if combinations > MAX_FILTER_COMBINATIONS {
            let reason = format!(
                "have {combinations} combinations of values, the limit is {MAX_FILTER_COMBINATIONS} ({source})"
            );
            self.not_allowed(value, path, &reason);
        }
    }

    /// Reads a rule of an event bus.
    pub(super) fn bus(&mut self, table: &DeTable<'_>, path: &str) -> Option<BusTrigger> {
        let bus = self.event_source(table, "bus", "events", path)?;
        let problems = self.problems.len();
        let mut pattern = None;
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full_path = format!("{path}.{name}");
            match name {
                "bus" => {}
                "pattern" => {
                    pattern = self.pattern(value, &full_path, PatternDialect::EventBridge, MAX_PATTERN_CHARS);
                }
                _ => self.unknown_key(name, &key.span(), path, BUS_KEYS),
            }
        }
        if table.get("pattern").is_none() && self.problems.len() == problems {
            let value = table.get("bus")?;
            let reason = "`pattern`, which says what events invoke the worker: `{ source = [\"my_app\"] }`";
            self.needs(value, path, reason);
        }
        Some(BusTrigger { bus, pattern: pattern? })
    }

    /// Reads the name of a topic or an event bus, or the ARN of an existing one. `kind` is `topic` or `bus`.
    fn event_source(&mut self, table: &DeTable<'_>, kind: &str, service: &str, path: &str) -> Option<TriggerSource> {
        let value = table.get(kind)?;
        let path = format!("{path}.{kind}");
        let expected = format!("the name of a {kind} of this app, or the ARN of an existing {kind}");
        let text = self.string(value, &path, &expected)?;
        let name = text.rsplit([':', '/']).next().unwrap_or_default();
        if text.starts_with("arn:") {
            let resource = if kind == "bus" { format!(":event-bus/{name}") } else { format!(":{name}") };
            let is_exact = text.splitn(6, ':').nth(5).is_some_and(|found| format!(":{found}") == resource);
            if name.is_empty() || name.contains('{') || !is_exact || !is_staged_arn_of(&text, service) {
                self.wrong_value(value, &path, &format!("the ARN of a {kind}"));
                return None;
            }
            if kind == "topic" && is_fifo_queue(&text) {
                self.not_allowed(value, &path, "be a FIFO topic: Lambda functions cannot subscribe to it");
            }
            return Some(TriggerSource::Existing(text));
        }
        if let Err(reason) = validate_topic_or_bus_name(&text) {
            self.not_allowed(value, &path, &format!("be `{}`: {reason}", text.escape_debug()));
        }
        Some(TriggerSource::Own(text))
    }
}

/// Returns the product of the numbers of values, each times the depth of its field, as SNS counts them.
fn combinations(pattern: &EventPattern, depth: usize) -> usize {
    let of_field = |field: &FieldPattern| match field {
        FieldPattern::Fields(pattern) => combinations(pattern, depth + 1),
        FieldPattern::Values(values) => values.len().saturating_mul(depth),
    };
    pattern.fields.iter().fold(1, |product: usize, (_, field)| product.saturating_mul(of_field(field)))
}
