//! Types of a contract: what has no form in JSON is an error at its token.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

#[bedrock::contract]
#[derive(Serialize, Deserialize)]
pub struct Request {
    id: u64,
    data: Vec<u8>,
    sizes: HashMap<u32, u8>,
    #[serde(flatten)]
    more: More,
    #[serde(with = "seconds")]
    wait: u8,
}

#[derive(Serialize, Deserialize)]
pub struct More {
    name: String,
}

#[bedrock::contract]
#[derive(Serialize, Deserialize)]
pub enum Shape {
    Circle { radius: f64 },
    Nothing,
}

#[bedrock::contract(strict)]
#[derive(Serialize, Deserialize)]
pub struct Arguments {
    name: String,
}

#[bedrock::contract]
fn function() {}

mod seconds {
    pub fn serialize<S: serde::Serializer>(_: &u8, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(0)
    }

    pub fn deserialize<'de, D: serde::Deserializer<'de>>(_: D) -> Result<u8, D::Error> {
        Ok(0)
    }
}

fn main() {}
