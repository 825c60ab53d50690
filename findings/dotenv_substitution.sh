#!/usr/bin/env bash
# guess: a `.env` file has the same values for each program of an app: `$` in a password is `$`, because the file is not a shell
#   script, and a text without quotes around it may contain quotes
# behaviour: dotenvy, and uv with its `--env-file`, replace `$word` by a variable, and by an empty text if there is none, also where
#   the readers for Python and JavaScript keep it; and they delete the quotes inside a text, so that JSON is not valid any more. They
#   print no warning. Single quotes around the value make all of them agree.
# version: dotenvy 0.15.7 (crates.io); uv 0.13.9, python-dotenv 1.2.4 (PyPI); dotenv 18.0.10 (npm); Node.js 20
# date: 2026-11-30
# output:
#   dotenvy        postgres://app:pa@db {rps:5} pa$word
#   uv             postgres://app:pa@db {rps:5} pa$word
#   python-dotenv  postgres://app:pa$word@db {"rps":5} pa$word
#   dotenv         postgres://app:pa$word@db {"rps":5} pa$word
#   Node.js        postgres://app:pa$word@db {"rps":5} pa$word
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9 python-dotenv==1.2.4
npm install --silent --no-save --no-package-lock --ignore-scripts dotenv@18.0.10 > /dev/null

cat > .env <<'ENV'
DATABASE=postgres://app:pa$word@db
LIMITS={"rps":5}
PASSWORD='pa$word'
ENV
cat > Cargo.toml <<'TOML'
[package]
name = "reader"
version = "0.1.0"
edition = "2021"

[dependencies]
dotenvy = "=0.15.7"
TOML
mkdir src
cat > src/main.rs <<'RUST'
fn main() {
    let values: Vec<String> = dotenvy::from_path_iter(".env").unwrap().map(|variable| variable.unwrap().1).collect();
    println!("{}", values.join(" "));
}
RUST
cat > reader.py <<'PYTHON'
import sys

import dotenv

print(*dotenv.dotenv_values(sys.argv[1]).values())
PYTHON
cat > reader.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import dotenv from 'dotenv';

console.log(...Object.values(dotenv.parse(readFileSync('.env'))));
JAVASCRIPT
cat > environment.py <<'PYTHON'
import os

print(*(os.environ[name] for name in ("DATABASE", "LIMITS", "PASSWORD")))
PYTHON
cat > environment.mjs <<'JAVASCRIPT'
console.log(process.env.DATABASE, process.env.LIMITS, process.env.PASSWORD);
JAVASCRIPT

unset word
cargo build --quiet
{
  echo "dotenvy        $(target/debug/reader)"
  echo "uv             $(venv/bin/uv run --quiet --no-project --env-file .env -- venv/bin/python environment.py)"
  echo "python-dotenv  $(venv/bin/python reader.py .env)"
  echo "dotenv         $(node reader.mjs)"
  echo "Node.js        $(node --env-file=.env environment.mjs)"
} | tee seen
diff seen - <<'SEEN'
dotenvy        postgres://app:pa@db {rps:5} pa$word
uv             postgres://app:pa@db {rps:5} pa$word
python-dotenv  postgres://app:pa$word@db {"rps":5} pa$word
dotenv         postgres://app:pa$word@db {"rps":5} pa$word
Node.js        postgres://app:pa$word@db {"rps":5} pa$word
SEEN
