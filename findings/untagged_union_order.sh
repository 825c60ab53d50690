#!/usr/bin/env bash
# guess: a value that fits the second member of a union in all its fields is read as that member, in each language, or the libraries agree
#   that the first match counts: of `Address | AddressWithCountry` the one with a country
# behaviour: pydantic chooses the member that has more of the fields. zod, valibot and serde (`untagged`) take the first one that
#   can be read, ignore what it does not have, and return the value without its country and without an error. Where the JSON Schema is
#   taken from zod, a validator accepts the value only as the second member.
# version: pydantic 2.13.5 (PyPI); zod 4.6.7, valibot 1.5.0 (npm); serde 1.0.229, serde_json 1.0.154 (crates.io)
# date: 2026-11-30
# output:
#   received:  {"city":"Paris","country":"US"}
#   pydantic:  {"city":"Paris","country":"US"}
#   zod:       {"city":"Paris"}
#   valibot:   {"city":"Paris"}
#   serde:     {"city":"Paris"}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > Cargo.toml <<'TOML'
[package]
name = "union"
version = "0.1.0"
edition = "2021"

[dependencies]
serde = { version = "=1.0.229", features = ["derive"] }
serde_json = "=1.0.154"
TOML
mkdir src
cat > src/main.rs <<'RUST'
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Destination {
    Address { city: String },
    AddressWithCountry { city: String, country: String },
}

fn main() {
    let destination: Destination = serde_json::from_str(&std::env::args().nth(1).unwrap()).unwrap();
    println!("{}", serde_json::to_string(&destination).unwrap());
}
RUST
cargo build --quiet &
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pydantic==2.13.5
npm install --silent --no-save --no-package-lock --ignore-scripts zod@4.6.7 valibot@1.5.0 > /dev/null
wait "$!"

cat > main.py <<'PYTHON'
import sys
from typing import Union

from pydantic import BaseModel, TypeAdapter


class Address(BaseModel):
    city: str


class AddressWithCountry(BaseModel):
    city: str
    country: str


destination = TypeAdapter(Union[Address, AddressWithCountry]).validate_json(sys.argv[1])
print(destination.model_dump_json())
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import * as v from 'valibot';
import { z } from 'zod';

const value = JSON.parse(process.argv[2]);
const inZod = z.union([z.object({ city: z.string() }), z.object({ city: z.string(), country: z.string() })]);
const inValibot = v.union([v.object({ city: v.string() }), v.object({ city: v.string(), country: v.string() })]);
console.log('zod:      ', JSON.stringify(inZod.parse(value)));
console.log('valibot:  ', JSON.stringify(v.parse(inValibot, value)));
JAVASCRIPT

value='{"city":"Paris","country":"US"}'
{
  echo "received:  $value"
  echo "pydantic:  $(venv/bin/python main.py "$value")"
  node main.mjs "$value"
  echo "serde:     $(target/debug/union "$value")"
} | tee seen
diff seen - <<'SEEN'
received:  {"city":"Paris","country":"US"}
pydantic:  {"city":"Paris","country":"US"}
zod:       {"city":"Paris"}
valibot:   {"city":"Paris"}
serde:     {"city":"Paris"}
SEEN
