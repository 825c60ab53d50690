//! A contract is read by names: the compiler checks that they mean what they usually mean.

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct Value {
    text: String,
}

#[derive(Serialize, Deserialize)]
pub struct Plain {
    text: String,
}

#[bedrock::contract]
#[derive(Serialize, Deserialize)]
pub struct Size {
    width: u32,
}

type Area = Size;

#[bedrock::contract]
#[derive(Serialize, Deserialize)]
pub struct Request {
    value: Value,
    plain: Vec<Plain>,
    area: Option<Area>,
}

fn main() {}
