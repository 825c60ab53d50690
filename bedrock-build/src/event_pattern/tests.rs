//! Patterns that AWS accepts and refuses; what they match is tested in `bedrock-model`.

use super::{Comparison, EventPattern, FieldPattern, PatternDialect, PatternValue, TextPart};

fn table(members: Vec<(&str, PatternValue)>) -> PatternValue {
    PatternValue::Table(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn text(text: &str) -> PatternValue {
    PatternValue::String(text.to_owned())
}

fn number(text: &str) -> PatternValue {
    PatternValue::Number(text.to_owned())
}

/// Returns a pattern with one field, whose list has one comparison.
fn of(comparison: PatternValue) -> PatternValue {
    table(vec![("state", PatternValue::List(vec![comparison]))])
}

fn parse(value: &PatternValue) -> Result<EventPattern, String> {
    EventPattern::parse(value, PatternDialect::EventBridge)
}

#[test]
fn comparisons_are_read() {
    let ignoring = table(vec![("prefix", table(vec![("equals-ignore-case", text("eventb"))]))]);
    let pattern = parse(&of(ignoring)).expect("a pattern");
    let FieldPattern::Values(values) = &pattern.fields[0].1 else { panic!("values") };
    let Comparison::Text(found) = &values[0] else { panic!("text") };
    assert_eq!((found.part, found.ignores_case), (TextPart::Prefix, true));
    for value in [
        table(vec![("anything-but", PatternValue::List(vec![number("1"), text("b")]))]),
        table(vec![("anything-but", table(vec![("suffix", PatternValue::List(vec![text(".png"), text(".jpg")]))]))]),
        table(vec![("numeric", PatternValue::List(vec![text(">="), number("-1.5"), text("<"), number("5")]))]),
        table(vec![("cidr", text("2001:db8::/32"))]),
        table(vec![("exists", PatternValue::Boolean(false))]),
        PatternValue::Null,
    ] {
        assert!(parse(&of(value.clone())).is_ok(), "{value:?}");
    }
}

#[test]
fn what_aws_refuses_is_an_error() {
    let list = PatternValue::List;
    let or = |alternatives| table(vec![("detail", table(vec![("$or", alternatives)]))]);
    for (value, message) in [
        (text("x"), "have a pattern that is not an object"),
        (table(vec![]), "have a pattern that is an empty object"),
        (table(vec![("a", table(vec![]))]), "have a field `a` that is an empty object"),
        (
            table(vec![("a", table(vec![("b", text("x"))]))]),
            "have a field `a.b` that is neither an object nor a list: write `[value]`",
        ),
        (table(vec![("a", list(vec![]))]), "have a field `a` that is an empty list"),
        (of(list(vec![])), "have a list in the list of a field `state`"),
        (of(table(vec![])), "have an object in a field `state` that is not one comparison"),
        (of(table(vec![("exists", text("x"))])), "have a `exists` in a field `state` that is not `true` or `false`"),
        (
            of(table(vec![("cidr", text("10.0.0.0/33"))])),
            "have a `cidr` in a field `state` that is not a block of addresses like `10.0.0.0/24`",
        ),
        (
            of(table(vec![("anything-but", list(vec![]))])),
            "have an `anything-but` in a field `state` without values or one comparison of text",
        ),
        (or(list(vec![of(text("x"))])), "have a field `detail.$or` that is not a list of two or more objects"),
        (
            of(table(vec![("numeric", list(vec![text(">"), number("6e9")]))])),
            "have a number in a field `state` beyond ±5.0e9, the limit of `numeric`",
        ),
    ] {
        assert_eq!(parse(&value), Err(message.to_owned()), "{value:?}");
    }
    for range in [
        vec![text(">"), number("5"), text("<"), number("1")],
        vec![text("=>"), number("5")],
        vec![text(">")],
        vec![],
        vec![text("<"), number("5"), text(">"), number("1")],
    ] {
        let value = of(table(vec![("numeric", list(range))]));
        assert!(parse(&value).is_err_and(|message| message.contains("one or two operators")), "{value:?}");
    }
}

#[test]
fn event_source_mappings_know_fewer_comparisons() {
    for value in [
        of(table(vec![("cidr", text("10.0.0.0/24"))])),
        of(table(vec![("wildcard", text("a*"))])),
        of(table(vec![("anything-but", table(vec![("prefix", text("a"))]))])),
    ] {
        assert!(parse(&value).is_ok(), "{value:?}");
        assert!(EventPattern::parse(&value, PatternDialect::EventSourceMapping).is_err(), "{value:?}");
    }
}
