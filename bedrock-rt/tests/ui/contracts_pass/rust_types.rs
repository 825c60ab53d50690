//! Types of a contract keep their meaning, and options of fields disappear.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

#[bedrock::contract]
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    #[contract(safe_int)]
    total_bytes: u64,
    #[contract(format = "date-time")]
    taken_at: Option<String>,
    shapes: HashMap<String, Vec<Shape>>,
    parent: Option<Box<Request>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[bedrock::contract]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Shape {
    Circle {
        #[contract(as = "f64")]
        radius: f32,
    },
    Nothing,
}

fn main() {
    let text = json!({ "totalBytes": 1, "shapes": { "a": [{ "kind": "circle", "radius": 1.5 }, { "kind": "nothing" }] } });
    let request: Request = serde_json::from_value(text).expect("a request");
    assert_eq!(request.shapes["a"], [Shape::Circle { radius: 1.5 }, Shape::Nothing]);
    assert_eq!((request.total_bytes, request.taken_at, request.parent), (1, None, None));
}
