#!/usr/bin/env bash
# guess: what serde writes for an enum it reads again, and the order of the members of a JSON object does not matter, also if a
#   variant has a map whose keys are numbers
# behaviour: with `#[serde(tag = "kind")]` it refuses its own text, because it buffers the object until it knows the kind, and a
#   buffered key stays a text. With `#[serde(tag = "kind", content = "body")]` it depends on the order: the same object is read with
#   `kind` first and refused with `body` first, which is the order of a `serde_json::Value` and of `sort_keys`.
#   (serde-rs/serde issue 1183)
# version: serde 1.0.229, serde_json 1.0.154 (crates.io)
# date: 2026-11-30
# output:
#   map                {"2026":1.5}: read
#   tag                {"kind":"Rates","by_year":{"2026":1.5}}: invalid type: string "2026", expected u16
#   tag and content    {"kind":"Rates","body":{"2026":1.5}}: read
#   the same, sorted   {"body":{"2026":1.5},"kind":"Rates"}: invalid type: string "2026", expected u16
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "tagged"
version = "0.1.0"
edition = "2021"

[dependencies]
serde = { version = "=1.0.229", features = ["derive"] }
serde_json = "=1.0.154"
TOML
cat > src/main.rs <<'RUST'
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

type ByYear = BTreeMap<u16, f64>;

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tag {
    Rates { by_year: ByYear },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", content = "body")]
enum TagAndContent {
    Rates(ByYear),
}

fn print<T: DeserializeOwned>(name: &str, json: &str) {
    let result = serde_json::from_str::<T>(json).map_or_else(|error| error.to_string(), |_| "read".to_owned());
    let result = result.split(" at line").next().unwrap_or_default();
    println!("{name:18} {json}: {result}");
}

fn main() -> serde_json::Result<()> {
    let by_year = ByYear::from([(2026, 1.5)]);
    print::<ByYear>("map", &serde_json::to_string(&by_year)?);
    print::<Tag>("tag", &serde_json::to_string(&Tag::Rates { by_year: by_year.clone() })?);
    let content = TagAndContent::Rates(by_year);
    print::<TagAndContent>("tag and content", &serde_json::to_string(&content)?);
    print::<TagAndContent>("the same, sorted", &serde_json::to_value(&content)?.to_string());
    Ok(())
}
RUST

seen=$(CARGO_TARGET_DIR=$folder/target cargo run --quiet -j1)
echo "$seen"
[ "$seen" = 'map                {"2026":1.5}: read
tag                {"kind":"Rates","by_year":{"2026":1.5}}: invalid type: string "2026", expected u16
tag and content    {"kind":"Rates","body":{"2026":1.5}}: read
the same, sorted   {"body":{"2026":1.5},"kind":"Rates"}: invalid type: string "2026", expected u16' ]
