//! What the events of a template have in common: names, filters and values as TOML.

use toml_edit::{InlineTable, Value};

use super::values::Template;
use super::yaml::Node;

/// Adds the filters of an event source mapping.
pub(super) fn patterns(template: &Template<'_>, properties: &Node, trigger: &mut InlineTable) -> Result<(), String> {
    let filters = properties.at(&["FilterCriteria", "Filters"]).map(Node::items).unwrap_or_default();
    if !filters.is_empty() {
        let patterns = filters.iter().map(|filter| {
            let text = template.literal(filter.get("Pattern").ok_or("a filter has no `Pattern`")?)?;
            let pattern = serde_json::from_str(&text).ok();
            pattern.as_ref().and_then(toml_value).ok_or_else(|| format!("TOML cannot hold the pattern `{text}`"))
        });
        trigger.insert("filters", Value::Array(patterns.collect::<Result<_, String>>()?));
    }
    Ok(())
}

/// Adds that the response names what failed.
pub(super) fn partial_failures(properties: &Node, trigger: &mut InlineTable) {
    let types = properties.get("FunctionResponseTypes").map(Node::items).unwrap_or_default();
    if types.iter().any(|item| item.text() == Some("ReportBatchItemFailures")) {
        trigger.insert("partial-failures", true.into());
    }
}

/// Returns whether `Enabled` is false.
pub(super) fn is_disabled(properties: &Node) -> bool {
    properties.get("Enabled").and_then(Node::text) == Some("false")
}

/// Returns a logical id as the name of a resource: `IncomingOrders` becomes `incoming-orders`.
pub(super) fn dashed(id: &str) -> String {
    super::function::worker_name(id).map_or_else(|| id.to_ascii_lowercase(), |name| name.as_str().replace('_', "-"))
}

/// Returns a JSON value as TOML, which has no null.
pub(super) fn toml_value(json: &serde_json::Value) -> Option<Value> {
    Some(match json {
        serde_json::Value::Null => return None,
        serde_json::Value::Bool(value) => (*value).into(),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64()?.into(),
        },
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Array(items) => Value::Array(items.iter().map(toml_value).collect::<Option<_>>()?),
        serde_json::Value::Object(fields) => {
            let mut table = InlineTable::new();
            for (name, value) in fields {
                table.insert(name, toml_value(value)?);
            }
            table.into()
        }
    })
}
