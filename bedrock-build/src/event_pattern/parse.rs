//! Reads event patterns, with the rules that AWS checks when a rule or a filter is created.

use std::net::IpAddr;

use super::syntax::{
    Comparison, EventPattern, FieldPattern, NumericComparison, NumericOperator, PatternDialect, PatternValue, Scalar,
    TextComparison, TextPart,
};

/// Key of alternatives.
const OR: &str = "$or";
/// Largest absolute value of a number in `numeric` (EventBridge user guide, "Numeric matching").
const MAX_NUMBER: f64 = 5.0e9;
const OPERATORS: [(&str, NumericOperator); 5] = [
    ("=", NumericOperator::Equal),
    ("<", NumericOperator::Less),
    ("<=", NumericOperator::LessOrEqual),
    (">", NumericOperator::Greater),
    (">=", NumericOperator::GreaterOrEqual),
];

type Parsed<T> = Result<T, String>;

impl EventPattern {
    /// Reads a pattern. The error says what AWS would refuse, and continues the sentence after "cannot".
    pub fn parse(value: &PatternValue, dialect: PatternDialect) -> Result<Self, String> {
        pattern(value, dialect, &[])
    }
}

/// Reads the pattern at `path`, the names of the fields that lead to it.
fn pattern(value: &PatternValue, dialect: PatternDialect, path: &[&str]) -> Parsed<EventPattern> {
    let PatternValue::Table(members) = value else {
        return Err(format!("have {} that is not an object", place(path)));
    };
    if members.is_empty() {
        return Err(format!("have {} that is an empty object", place(path)));
    }
    let mut pattern = EventPattern::default();
    for (name, value) in members {
        let path = [path, &[name.as_str()]].concat();
        if name == OR {
            pattern.alternatives = alternatives(value, dialect, &path)?;
        } else {
            pattern.fields.push((name.clone(), field(value, dialect, &path)?));
        }
    }
    Ok(pattern)
}

fn alternatives(value: &PatternValue, dialect: PatternDialect, path: &[&str]) -> Parsed<Vec<EventPattern>> {
    match value {
        PatternValue::List(list) if list.len() > 1 => list.iter().map(|each| pattern(each, dialect, path)).collect(),
        _ => Err(format!("have {} that is not a list of two or more objects", place(path))),
    }
}

fn field(value: &PatternValue, dialect: PatternDialect, path: &[&str]) -> Parsed<FieldPattern> {
    match value {
        PatternValue::Table(_) => pattern(value, dialect, path).map(FieldPattern::Fields),
        PatternValue::List(list) if list.is_empty() => Err(format!("have {} that is an empty list", place(path))),
        PatternValue::List(list) => {
            let comparisons = list.iter().map(|each| comparison(each, dialect, path)).collect::<Parsed<_>>()?;
            Ok(FieldPattern::Values(comparisons))
        }
        _ => Err(format!("have {} that is neither an object nor a list: write `[value]`", place(path))),
    }
}

/// Reads one entry of the list of a field.
fn comparison(value: &PatternValue, dialect: PatternDialect, path: &[&str]) -> Parsed<Comparison> {
    if let Some(scalar) = scalar(value) {
        return Ok(Comparison::Equals(scalar));
    }
    let (name, value) = operator(value, path)?;
    let is_wrong = |expected: &str| Err(format!("have a `{name}` in {} that is not {expected}", place(path)));
    match (name, value) {
        ("exists", PatternValue::Boolean(exists)) => Ok(Comparison::Exists(*exists)),
        ("exists", _) => is_wrong("`true` or `false`"),
        ("anything-but", value) => anything_but(value, dialect, path),
        ("numeric", PatternValue::List(list)) => numeric(list, path).map(Comparison::Numeric),
        ("numeric", _) => is_wrong("a list like `[\">\", 0, \"<=\", 5]`"),
        ("cidr", PatternValue::String(text)) if dialect == PatternDialect::EventBridge => match cidr(text) {
            Some((address, bits)) => Ok(Comparison::Cidr(address, bits)),
            None => is_wrong("a block of addresses like `10.0.0.0/24`"),
        },
        _ => match text_comparison(name, value, dialect) {
            Some(comparison) => Ok(Comparison::Text(comparison)),
            None => Err(unknown(name, dialect, path)),
        },
    }
}

/// Reads the only member of an object that stands for a comparison.
fn operator<'v>(value: &'v PatternValue, path: &[&str]) -> Parsed<(&'v str, &'v PatternValue)> {
    match value {
        PatternValue::Table(members) => match &members[..] {
            [(name, value)] => Ok((name, value)),
            _ => Err(format!("have an object in {} that is not one comparison", place(path))),
        },
        _ => Err(format!("have a list in the list of {}", place(path))),
    }
}

fn anything_but(value: &PatternValue, dialect: PatternDialect, path: &[&str]) -> Parsed<Comparison> {
    let is_wrong =
        || Err(format!("have an `anything-but` in {} without values or one comparison of text", place(path)));
    let scalars = |list: &[PatternValue]| list.iter().map(|each| scalar(each).map(Comparison::Equals)).collect();
    let excluded: Option<Vec<Comparison>> = match value {
        PatternValue::List(list) => scalars(list),
        PatternValue::Table(members) if dialect == PatternDialect::EventBridge => match &members[..] {
            [(name, PatternValue::List(list))] => {
                let texts = list.iter().map(|each| text_comparison(name, each, dialect).map(Comparison::Text));
                texts.collect()
            }
            [(name, value)] => text_comparison(name, value, dialect).map(|text| vec![Comparison::Text(text)]),
            _ => None,
        },
        value => scalars(std::slice::from_ref(value)),
    };
    match excluded {
        Some(excluded) if !excluded.is_empty() => Ok(Comparison::AnythingBut(excluded)),
        _ => is_wrong(),
    }
}

/// Reads `"prefix": "x"` and others that compare text, also with `{ "equals-ignore-case": "x" }`.
fn text_comparison(name: &str, value: &PatternValue, dialect: PatternDialect) -> Option<TextComparison> {
    let part = match name {
        "equals-ignore-case" => TextPart::Whole,
        "prefix" => TextPart::Prefix,
        "suffix" => TextPart::Suffix,
        "wildcard" if dialect == PatternDialect::EventBridge => TextPart::Wildcard,
        _ => return None,
    };
    let (text, ignores_case) = match value {
        PatternValue::String(text) => (text, part == TextPart::Whole),
        PatternValue::Table(members) if matches!(part, TextPart::Prefix | TextPart::Suffix) => match &members[..] {
            [(name, PatternValue::String(text))] if name == "equals-ignore-case" => (text, true),
            _ => return None,
        },
        _ => return None,
    };
    Some(TextComparison { part, text: text.clone(), ignores_case })
}

fn numeric(list: &[PatternValue], path: &[&str]) -> Parsed<Vec<NumericComparison>> {
    let is_wrong =
        || format!("have a `numeric` in {} that is not one or two operators, each with a number after it", place(path));
    let mut comparisons = Vec::new();
    for pair in list.chunks(2) {
        let [PatternValue::String(operator), PatternValue::Number(number)] = pair else { return Err(is_wrong()) };
        let known = OPERATORS.iter().find(|(text, _)| text == operator).map(|(_, operator)| *operator);
        let number: Option<f64> = number.parse().ok();
        let (Some(operator), Some(number)) = (known, number) else { return Err(is_wrong()) };
        if number.abs() > MAX_NUMBER {
            return Err(format!("have a number in {} beyond ±5.0e9, the limit of `numeric`", place(path)));
        }
        comparisons.push(NumericComparison { operator, number });
    }
    let is_lower =
        |each: &NumericComparison| matches!(each.operator, NumericOperator::Greater | NumericOperator::GreaterOrEqual);
    let is_upper =
        |each: &NumericComparison| matches!(each.operator, NumericOperator::Less | NumericOperator::LessOrEqual);
    match &comparisons[..] {
        [_] => Ok(comparisons),
        // EventBridge refuses a range that is empty.
        [low, high] if is_lower(low) && is_upper(high) && low.number < high.number => Ok(comparisons),
        _ => Err(is_wrong()),
    }
}

fn cidr(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let bits: u8 = bits.parse().ok()?;
    let max = if address.is_ipv4() { 32 } else { 128 };
    (bits <= max).then_some((address, bits))
}

fn scalar(value: &PatternValue) -> Option<Scalar> {
    match value {
        PatternValue::Null => Some(Scalar::Null),
        PatternValue::Boolean(boolean) => Some(Scalar::Boolean(*boolean)),
        PatternValue::Number(text) => Some(Scalar::Number(text.clone())),
        PatternValue::String(text) => Some(Scalar::String(text.clone())),
        PatternValue::List(_) | PatternValue::Table(_) => None,
    }
}

fn unknown(name: &str, dialect: PatternDialect, path: &[&str]) -> String {
    let known = match dialect {
        PatternDialect::EventBridge => {
            "`prefix`, `suffix`, `equals-ignore-case`, `wildcard`, `anything-but`, `numeric`, `cidr` and `exists`"
        }
        PatternDialect::EventSourceMapping => {
            "`prefix`, `suffix`, `equals-ignore-case`, `anything-but`, `numeric` and `exists`"
        }
    };
    format!("have `{}` in {}: the comparisons are {known}, with text or numbers", name.escape_debug(), place(path))
}

/// Returns the place of a value in a pattern, for messages: ``the field `detail.state` ``.
fn place(path: &[&str]) -> String {
    if path.is_empty() { "a pattern".to_owned() } else { format!("a field `{}`", path.join(".").escape_debug()) }
}
