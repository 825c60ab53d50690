//! Patterns and events in tables; several are the ones of AWS's documentation.

use bedrock_build::event_pattern::PatternDialect;
use serde_json::{Value, json};

use super::{matches_pattern, parse_pattern};

fn matches(pattern: &Value, event: &Value) -> bool {
    let parsed = parse_pattern(&pattern.to_string(), PatternDialect::EventBridge);
    matches_pattern(&parsed.unwrap_or_else(|error| panic!("{pattern}: {error}")), event)
}

/// Checks which values of the field `x` a list of comparisons accepts.
fn check(comparisons: &Value, accepted: &[Value], refused: &[Value]) {
    let pattern = json!({ "detail": { "x": comparisons } });
    for value in accepted {
        assert!(matches(&pattern, &json!({ "detail": { "x": value } })), "{comparisons} {value}");
    }
    for value in refused {
        assert!(!matches(&pattern, &json!({ "detail": { "x": value } })), "{comparisons} {value}");
    }
}

#[test]
fn exact_values_are_compared_by_type_and_text() {
    check(&json!(["a", "b"]), &[json!("a"), json!("b"), json!(["c", "b"])], &[json!("A"), json!("ab"), json!(["c"])]);
    check(&json!([300]), &[json!(300)], &[json!("300"), json!(300.0), json!(30), json!(null)]);
    check(&json!([true]), &[json!(true)], &[json!(false), json!("true"), json!(1)]);
    check(&json!([null]), &[json!(null)], &[json!(""), json!(0), json!([]), json!({})]);
    check(&json!([""]), &[json!("")], &[json!(" "), json!(null)]);
}

#[test]
fn text_is_compared_at_its_beginning_and_end() {
    check(&json!([{ "prefix": "us-" }]), &[json!("us-east-1"), json!(["eu", "us-"])], &[json!("US-"), json!(1)]);
    check(&json!([{ "suffix": ".png" }]), &[json!("a.png")], &[json!("a.PNG"), json!("a.png2")]);
    check(&json!([{ "equals-ignore-case": "alice" }]), &[json!("ALICE"), json!("alice")], &[json!("alice2")]);
    check(&json!([{ "prefix": { "equals-ignore-case": "EventB" } }]), &[json!("eventbridge")], &[json!("event")]);
    check(&json!([{ "suffix": { "equals-ignore-case": ".png" } }]), &[json!("a.PNG")], &[json!("a.PN")]);
}

#[test]
fn wildcards_stand_for_any_characters() {
    check(&json!([{ "wildcard": "dir/*.png" }]), &[json!("dir/.png"), json!("dir/a/b.png")], &[json!("dir/a.jpg")]);
    check(&json!([{ "wildcard": "*/lib/*" }]), &[json!("a/lib/b"), json!("/lib/")], &[json!("lib"), json!("/lib")]);
    check(&json!([{ "wildcard": "a*b*b" }]), &[json!("abb"), json!("axbyb")], &[json!("ab"), json!("axb")]);
    check(&json!([{ "wildcard": "a\\*\\\\" }]), &[json!("a*\\")], &[json!("axy"), json!("a*")]);
    check(&json!([{ "wildcard": "*ä*" }]), &[json!("xäy")], &[json!("xay")]);
}

#[test]
fn anything_but_needs_a_value() {
    check(&json!([{ "anything-but": "initializing" }]), &[json!("running"), json!(1)], &[json!("initializing")]);
    check(&json!([{ "anything-but": ["a", 100] }]), &[json!("b"), json!(101)], &[json!("a"), json!(100), json!([])]);
    check(&json!([{ "anything-but": { "prefix": "us-" } }]), &[json!("eu-west-1")], &[json!("us-east-1")]);
    check(&json!([{ "anything-but": { "suffix": [".png", ".jpg"] } }]), &[json!("a.gif")], &[json!("a.jpg")]);
    check(&json!([{ "anything-but": { "equals-ignore-case": ["a", "b"] } }]), &[json!("c")], &[json!("B")]);
    check(&json!([{ "anything-but": { "wildcard": "*/lib/*" } }]), &[json!("/src/")], &[json!("/lib/a")]);
    assert!(!matches(&json!({ "x": [{ "anything-but": "a" }] }), &json!({})));
}

#[test]
fn numbers_are_compared_by_value() {
    check(&json!([{ "numeric": ["=", 100] }]), &[json!(100), json!(100.0), json!(1e2)], &[json!(101), json!("100")]);
    check(&json!([{ "numeric": [">", 10, "<=", 20] }]), &[json!(10.5), json!(20)], &[json!(10), json!(20.1)]);
    check(&json!([{ "numeric": ["<", -1.5] }]), &[json!(-2)], &[json!(-1.5), json!(0)]);
    check(&json!([{ "numeric": [">=", 0] }]), &[json!(0)], &[json!(-0.1), json!(null)]);
}

#[test]
fn existence_is_that_of_values() {
    check(&json!([{ "exists": true }]), &[json!(0), json!(null), json!("")], &[json!({ "a": 1 }), json!([])]);
    check(&json!([{ "exists": false }]), &[json!({ "a": 1 }), json!([])], &[json!(0), json!(null)]);
    let absent = json!({ "detail": { "x": [{ "exists": false }], "y": ["b"] } });
    assert!(matches(&absent, &json!({ "detail": { "y": "b" } })));
    assert!(!matches(&absent, &json!({ "detail": { "x": 1, "y": "b" } })));
    assert!(matches(&json!({ "detail": { "x": [{ "exists": false }] } }), &json!({})));
    assert!(!matches(&json!({ "detail": { "x": [{ "exists": true }] } }), &json!({})));
}

#[test]
fn addresses_are_compared_with_blocks() {
    check(&json!([{ "cidr": "10.0.0.0/24" }]), &[json!("10.0.0.255")], &[json!("10.0.1.0"), json!("x"), json!("::1")]);
    check(&json!([{ "cidr": "0.0.0.0/0" }]), &[json!("255.1.2.3")], &[json!("::1")]);
    check(&json!([{ "cidr": "2001:db8::/32" }]), &[json!("2001:db8:1::1")], &[json!("2001:db9::1")]);
    check(&json!([{ "cidr": "::/0" }]), &[json!("::1")], &[json!("1.2.3.4")]);
}

#[test]
fn alternatives_are_in_addition_to_fields() {
    // EventBridge user guide, "Complex example of combining multiple event patterns".
    let pattern = json!({ "detail": { "$or": [
        { "c-count": [{ "numeric": [">", 0, "<=", 5] }] },
        { "d-count": [{ "numeric": ["<", 10] }] },
        { "x-limit": [{ "numeric": ["=", 3.018e2] }] }
    ], "state": ["on"] } });
    for (expected, detail) in [
        (true, json!({ "c-count": 5, "state": "on" })),
        (true, json!({ "d-count": 8, "c-count": 6, "state": "on" })),
        (true, json!({ "x-limit": 301.8, "state": "on" })),
        (false, json!({ "c-count": 5, "state": "off" })),
        (false, json!({ "c-count": 6, "d-count": 10, "state": "on" })),
        (false, json!({ "state": "on" })),
    ] {
        assert_eq!(matches(&pattern, &json!({ "detail": detail })), expected, "{detail}");
    }
}

#[test]
fn published_example_of_an_instance_matches() {
    // EventBridge user guide, "Event patterns".
    let event = json!({
        "version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": "EC2 Instance State-change Notification",
        "source": "aws.ec2", "account": "111122223333", "time": "2017-12-22T18:43:48Z", "region": "us-west-1",
        "resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0"],
        "detail": { "instance-id": "i-1234567890abcdef0", "state": "terminated" }
    });
    for (expected, pattern) in [
        (true, json!({ "source": ["aws.ec2"], "detail": { "state": ["terminated"] } })),
        (true, json!({ "resources": [{ "suffix": "i-1234567890abcdef0" }] })),
        (true, json!({ "source": ["aws.ec2", "aws.fargate"] })),
        (false, json!({ "source": ["aws.ec2"], "detail": { "state": ["running"] } })),
        (false, json!({ "detail": { "state": { "x": ["terminated"] } } })),
        (false, json!({ "source": { "a": ["b"] } })),
    ] {
        assert_eq!(matches(&pattern, &event), expected, "{pattern}");
    }
}

#[test]
fn fields_of_a_list_match_within_one_element() {
    let pattern = json!({ "items": { "name": ["a"], "price": [1] } });
    assert!(matches(&pattern, &json!({ "items": [{ "name": "b" }, { "name": "a", "price": 1 }] })));
    assert!(!matches(&pattern, &json!({ "items": [{ "name": "a", "price": 2 }, { "name": "b", "price": 1 }] })));
}

#[test]
fn wrong_pattern_is_an_error() {
    assert!(parse_pattern("{", PatternDialect::EventBridge).is_err());
    assert!(parse_pattern(r#"{ "a": 1 }"#, PatternDialect::EventBridge).is_err());
}
