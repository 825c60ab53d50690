//! Checks values against the schemas of the OpenAPI description.

use serde_json::{Value, json};

const OPENAPI: &str = include_str!("../../../docs/schema/dev-api.v1.json");

/// Asserts that a value matches a schema of the description.
pub(crate) fn check(name: &str, value: &Value) {
    if let Err(error) = try_check(name, value) {
        panic!("{error}: {value:#}");
    }
}

pub(crate) fn try_check(name: &str, value: &Value) -> Result<(), String> {
    let described: Value = serde_json::from_str(OPENAPI).expect("JSON");
    assert!(described["components"]["schemas"][name].is_object(), "{name}");
    let schema = json!({ "$ref": format!("#/components/schemas/{name}"), "components": described["components"] });
    let schema = jsonschema::draft202012::new(&schema).expect("a schema");
    schema.validate(value).map_err(|error| format!("{error} at `{}`", error.instance_path()))
}

#[test]
fn schema_rejects_invalid_events() {
    let valid = json!({
        "version": 1, "id": 7, "at": "2026-11-25T06:35:00.000Z", "kind": "queue",
        "event_id": "6f1c", "worker": "greeter", "state": "waiting", "attempts": 1, "added_later": true,
    });
    check("DevEvent", &valid);
    for (key, invalid) in [
        ("version", json!(2)),
        ("id", json!("7")),
        ("at", json!("2026-11-25T06:35:00Z")),
        ("state", json!("gone")),
        ("worker", Value::Null),
        ("attempts", json!(-1)),
        ("next_at", json!("soon")),
    ] {
        let mut changed = valid.clone();
        changed[key] = invalid;
        assert!(try_check("DevEvent", &changed).is_err(), "{key}");
    }
    for key in ["version", "id", "at", "kind", "event_id", "worker", "state", "attempts"] {
        let mut changed = valid.clone();
        changed.as_object_mut().expect("an object").remove(key);
        assert!(try_check("DevEvent", &changed).is_err(), "{key}");
    }
}
