#!/usr/bin/env bash
# guess: a feature of a crate adds to it: a dependency that needs exact decimals and enables `arbitrary_precision` of serde_json does not
#   change what the other crates of the app read
# behaviour: cargo enables it for the whole app, and an enum with `#[serde(tag = …)]` or `#[serde(untagged)]`, and a field with
#   `#[serde(flatten)]`, no longer read a number with a fraction: in a buffer of serde such a number is a map. Integers and plain
#   structs are still read, so that the same type reads `9` and refuses `9.5`. (serde-rs/json issues 1046 and 1108)
# version: serde 1.0.229, serde_json 1.0.154 (crates.io)
# date: 2026-11-30
# output:
#   struct      alone: read, with the dependency: read
#   tag         alone: read, with the dependency: invalid type: map, expected f64
#   tag, for 9  alone: read, with the dependency: read
#   untagged    alone: read, with the dependency: data did not match any variant of untagged enum Amount
#   flatten     alone: read, with the dependency: invalid type: map, expected f64
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p src decimals/src
cat > Cargo.toml <<'TOML'
[package]
name = "shop"
version = "0.1.0"
edition = "2021"

[dependencies]
decimals = { path = "decimals", optional = true }
serde = { version = "=1.0.229", features = ["derive"] }
serde_json = "=1.0.154"
TOML
# A dependency that nothing in the app calls.
cat > decimals/Cargo.toml <<'TOML'
[package]
name = "decimals"
version = "0.1.0"
edition = "2021"

[dependencies]
serde_json = { version = "=1.0.154", features = ["arbitrary_precision"] }
TOML
: > decimals/src/lib.rs
cat > src/main.rs <<'RUST'
use serde::de::DeserializeOwned;
use serde::Deserialize;

#[derive(Deserialize)]
#[allow(dead_code)]
struct Price {
    amount: f64,
}
#[derive(Deserialize)]
#[serde(tag = "kind")]
#[allow(dead_code)]
enum Payment {
    Card { amount: f64 },
}
#[derive(Deserialize)]
#[serde(untagged)]
#[allow(dead_code)]
enum Amount {
    Number(f64),
    Text(String),
}
#[derive(Deserialize)]
#[allow(dead_code)]
struct Order {
    #[serde(flatten)]
    price: Price,
}

fn print_result<T: DeserializeOwned>(json: &str) {
    match serde_json::from_str::<T>(json) {
        Ok(_) => println!("read"),
        Err(error) => println!("{}", error.to_string().split(" at line").next().unwrap()),
    }
}

fn main() {
    print_result::<Price>(r#"{"amount":9.5}"#);
    print_result::<Payment>(r#"{"kind":"Card","amount":9.5}"#);
    print_result::<Payment>(r#"{"kind":"Card","amount":9}"#);
    print_result::<Amount>("9.5");
    print_result::<Order>(r#"{"amount":9.5}"#);
}
RUST

printf '%s\n' struct tag 'tag, for 9' untagged flatten > names
cargo run --quiet > alone
cargo run --quiet --features decimals > together
paste -d '|' names alone together | while IFS='|' read -r name alone together; do
  printf '%-11s alone: %s, with the dependency: %s\n' "$name" "$alone" "$together"
done | tee seen
diff seen - <<'SEEN'
struct      alone: read, with the dependency: read
tag         alone: read, with the dependency: invalid type: map, expected f64
tag, for 9  alone: read, with the dependency: read
untagged    alone: read, with the dependency: data did not match any variant of untagged enum Amount
flatten     alone: read, with the dependency: invalid type: map, expected f64
SEEN
