//! The JSON form matches `docs/schema/graph.v1.json`.

use jsonschema::Validator;
use serde_json::{Value, json};

use super::super::{Format, render};
use crate::fixtures::{app, call_targets, large_graph, sample_graph};
use crate::model::Graph;

fn schema() -> Validator {
    let text = include_str!("../../../../docs/schema/graph.v1.json");
    jsonschema::draft202012::new(&serde_json::from_str(text).expect("JSON")).expect("a schema")
}

fn document(graph: &Graph) -> Value {
    serde_json::from_str(&render(graph, Format::Json).expect("rendered")).expect("JSON")
}

fn check(value: &Value) -> Result<(), String> {
    schema().validate(value).map_err(|error| format!("{error} at `{}`", error.instance_path()))
}

#[test]
fn json_form_matches_the_schema() {
    let empty = app("empty", &[]);
    for graph in [sample_graph(), large_graph(40), Graph::new(&empty, &call_targets(&empty, &[]))] {
        assert_eq!(check(&document(&graph)), Ok(()));
    }
}

#[test]
fn schema_accepts_additional_keys() {
    let mut value = document(&sample_graph());
    value["made_by"] = json!("cargo bedrock");
    value["nodes"][0]["memory"] = json!(256);
    assert_eq!(check(&value), Ok(()));
}

#[test]
fn schema_rejects_invalid_graphs() {
    let changes: [(&str, Value); 12] = [
        ("/version", json!(2)),
        ("/app", json!("")),
        ("/nodes", json!([])),
        ("/nodes/0/kind", json!("worker")),
        ("/nodes/0/language", json!("python")),
        ("/nodes/1/name", json!("endpoint")),
        ("/nodes/1/language", json!("ruby")),
        ("/edges/0/source", json!("guess")),
        ("/edges/0/to", json!("Resizer")),
        ("/edges/0/places/0/line", json!(0)),
        ("/other_calls/0/function", json!(null)),
        ("/cycles/0", json!(["a"])),
    ];
    for (place, wrong) in changes {
        let mut value = document(&sample_graph());
        *value.pointer_mut(place).expect(place) = wrong;
        assert!(check(&value).is_err(), "{place}");
    }
    for key in ["version", "app", "nodes", "edges", "other_calls", "cycles"] {
        let mut value = document(&sample_graph());
        value.as_object_mut().expect("object").remove(key);
        assert!(check(&value).is_err(), "{key}");
    }
}
