//! Compares event patterns with events, as EventBridge and event source mappings do (EventBridge user guide, "Comparison
//! operators for use in event patterns"). `bedrock-build` reads the patterns.

use std::net::IpAddr;

use bedrock_build::event_pattern::{
    Comparison, EventPattern, FieldPattern, NumericOperator, PatternDialect, PatternValue, Scalar, TextComparison,
    TextPart,
};
use serde_json::Value;

/// Reads a pattern from JSON text. The error says what AWS would refuse.
pub fn parse_pattern(text: &str, dialect: PatternDialect) -> Result<EventPattern, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    EventPattern::parse(&pattern_value(&value), dialect)
}

fn pattern_value(value: &Value) -> PatternValue {
    match value {
        Value::Null => PatternValue::Null,
        Value::Bool(boolean) => PatternValue::Boolean(*boolean),
        Value::Number(number) => PatternValue::Number(number.to_string()),
        Value::String(text) => PatternValue::String(text.clone()),
        Value::Array(list) => PatternValue::List(list.iter().map(pattern_value).collect()),
        Value::Object(object) => {
            PatternValue::Table(object.iter().map(|(name, value)| (name.clone(), pattern_value(value))).collect())
        }
    }
}

/// Returns whether an event matches a pattern. Fields that the pattern does not have are not compared.
#[must_use]
pub fn matches_pattern(pattern: &EventPattern, event: &Value) -> bool {
    let matches_field = |(name, field): &(String, FieldPattern)| matches_field(field, event.get(name));
    let has_alternative = || pattern.alternatives.iter().any(|alternative| matches_pattern(alternative, event));
    pattern.fields.iter().all(matches_field) && (pattern.alternatives.is_empty() || has_alternative())
}

/// Compares a field, which is `None` if the event does not have it. Of a list, one element has to match as a whole.
fn matches_field(field: &FieldPattern, value: Option<&Value>) -> bool {
    match field {
        FieldPattern::Fields(pattern) => match value {
            Some(Value::Array(list)) => list.iter().any(|element| matches_field(field, Some(element))),
            Some(value @ Value::Object(_)) => matches_pattern(pattern, value),
            // Only the absence of something can match what is not there.
            _ => matches_pattern(pattern, &Value::Null),
        },
        FieldPattern::Values(comparisons) => {
            let leaves = leaves(value);
            comparisons.iter().any(|comparison| match comparison {
                Comparison::Exists(exists) => *exists != leaves.is_empty(),
                comparison => leaves.iter().any(|leaf| matches_leaf(comparison, leaf)),
            })
        }
    }
}

/// Returns the values of a field that are compared: the elements of lists, and no objects.
fn leaves(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(list)) => list.iter().flat_map(|element| leaves(Some(element))).collect(),
        None | Some(Value::Object(_)) => Vec::new(),
        Some(leaf) => vec![leaf],
    }
}

fn matches_leaf(comparison: &Comparison, leaf: &Value) -> bool {
    match comparison {
        Comparison::Equals(scalar) => match (scalar, leaf) {
            (Scalar::Null, Value::Null) => true,
            (Scalar::Boolean(expected), Value::Bool(found)) => expected == found,
            (Scalar::Number(expected), Value::Number(found)) => *expected == found.to_string(),
            (Scalar::String(expected), Value::String(found)) => expected == found,
            _ => false,
        },
        Comparison::Text(text) => leaf.as_str().is_some_and(|found| matches_text(text, found)),
        Comparison::AnythingBut(excluded) => !excluded.iter().any(|each| matches_leaf(each, leaf)),
        Comparison::Numeric(bounds) => leaf.as_f64().is_some_and(|found| {
            bounds.iter().all(|bound| match bound.operator {
                // The same digits are the same number.
                NumericOperator::Equal => (found - bound.number).abs() < f64::EPSILON * found.abs().max(1.0),
                NumericOperator::Less => found < bound.number,
                NumericOperator::LessOrEqual => found <= bound.number,
                NumericOperator::Greater => found > bound.number,
                NumericOperator::GreaterOrEqual => found >= bound.number,
            })
        }),
        // Of a value that is there.
        Comparison::Exists(exists) => *exists,
        Comparison::Cidr(address, bits) => {
            let found = leaf.as_str().and_then(|text| text.parse().ok());
            found.is_some_and(|found| is_in_block(found, *address, *bits))
        }
    }
}

fn matches_text(comparison: &TextComparison, found: &str) -> bool {
    let folded = |text: &str| if comparison.ignores_case { text.to_lowercase() } else { text.to_owned() };
    let expected = folded(&comparison.text);
    let found = folded(found);
    match comparison.part {
        TextPart::Whole => found == expected,
        TextPart::Prefix => found.starts_with(&expected),
        TextPart::Suffix => found.ends_with(&expected),
        TextPart::Wildcard => matches_wildcard(&expected, &found),
    }
}

/// Compares with `*` for any characters; `\*` and `\\` stand for themselves.
fn matches_wildcard(pattern: &str, found: &str) -> bool {
    let mut literals = vec![String::new()];
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        match c {
            '*' => literals.push(String::new()),
            '\\' => literals.iter_mut().last().into_iter().for_each(|last| last.extend(characters.next())),
            c => literals.iter_mut().last().into_iter().for_each(|last| last.push(c)),
        }
    }
    let [first, middle @ .., last] = &literals[..] else { return literals.concat() == found };
    let Some(mut rest) = found.strip_prefix(first.as_str()) else { return false };
    for literal in middle {
        let Some(at) = rest.find(literal.as_str()) else { return false };
        rest = &rest[at + literal.len()..];
    }
    rest.ends_with(last.as_str())
}

fn is_in_block(found: IpAddr, block: IpAddr, bits: u8) -> bool {
    let common = |found: u128, block: u128, width: u32| {
        let host_bits = width - u32::from(bits).min(width);
        found.checked_shr(host_bits).unwrap_or_default() == block.checked_shr(host_bits).unwrap_or_default()
    };
    match (found, block) {
        (IpAddr::V4(found), IpAddr::V4(block)) => common(u32::from(found).into(), u32::from(block).into(), 32),
        (IpAddr::V6(found), IpAddr::V6(block)) => common(found.into(), block.into(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
