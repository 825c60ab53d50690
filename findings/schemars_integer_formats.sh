#!/usr/bin/env bash
# guess: ajv, also with ajv-formats, and Fastify compile the JSON Schema that schemars writes for a Rust struct of numbers
# behaviour: they refuse the whole schema because of one unsigned or small integer: schemars writes `"format": "uint64"`, ajv-formats
#   knows of those formats only `int32`, `int64`, `float` and `double`, and strict mode, the default, makes an unknown format an error:
#   Fastify does not start. A struct with `i64` works. jsonschema for Python accepts all of them.
# version: schemars 1.2.3 (crates.io); ajv 8.20.0, ajv-formats 3.0.1, fastify 5.12.8 (npm)
# date: 2026-11-30
# output:
#   i32    ajv: compiled, Fastify: starts
#   i64    ajv: compiled, Fastify: starts
#   f64    ajv: compiled, Fastify: starts
#   u8     ajv: unknown format "uint8", Fastify: unknown format "uint8"
#   u32    ajv: unknown format "uint32", Fastify: unknown format "uint32"
#   u64    ajv: unknown format "uint64", Fastify: unknown format "uint64"
#   usize  ajv: unknown format "uint", Fastify: unknown format "uint"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --no-package-lock --ignore-scripts ajv@8.20.0 ajv-formats@3.0.1 fastify@5.12.8 > /dev/null &
cat > Cargo.toml <<'TOML'
[package]
name = "schemas"
version = "0.1.0"
edition = "2021"

[dependencies]
schemars = "=1.2.3"
serde_json = "=1.0.154"
TOML
mkdir src
cat > src/main.rs <<'RUST'
use schemars::{schema_for, JsonSchema};

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Page<T> {
    views: T,
}

fn main() {
    let schemas = [
        ("i32", schema_for!(Page<i32>)),
        ("i64", schema_for!(Page<i64>)),
        ("f64", schema_for!(Page<f64>)),
        ("u8", schema_for!(Page<u8>)),
        ("u32", schema_for!(Page<u32>)),
        ("u64", schema_for!(Page<u64>)),
        ("usize", schema_for!(Page<usize>)),
    ];
    println!("{}", serde_json::to_string(&schemas).unwrap());
}
RUST
cat > main.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fastify from 'fastify';

const message = (error) => /unknown format "\w+"/.exec(error.message)[0];
for (const [type, schema] of JSON.parse(readFileSync('schemas.json'))) {
  let ajv = 'compiled';
  try {
    addFormats.default(new Ajv2020()).compile(schema);
  } catch (error) {
    ajv = message(error);
  }
  // Fastify has an older dialect, in which these keywords mean the same.
  const { $schema, ...body } = schema;
  const app = fastify();
  app.post('/', { schema: { body } }, async () => 'ok');
  const start = await app.ready().then(() => 'starts', message);
  console.log(`${type.padEnd(6)} ajv: ${ajv}, Fastify: ${start}`);
}
JAVASCRIPT

cargo run --quiet > schemas.json
wait "$!"
node main.mjs | tee seen
diff seen - <<'SEEN'
i32    ajv: compiled, Fastify: starts
i64    ajv: compiled, Fastify: starts
f64    ajv: compiled, Fastify: starts
u8     ajv: unknown format "uint8", Fastify: unknown format "uint8"
u32    ajv: unknown format "uint32", Fastify: unknown format "uint32"
u64    ajv: unknown format "uint64", Fastify: unknown format "uint64"
usize  ajv: unknown format "uint", Fastify: unknown format "uint"
SEEN
