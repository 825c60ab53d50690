#!/usr/bin/env bash
# guess: a time with nanoseconds, as chrono writes it, is cut off by each reader that has only microseconds or milliseconds, so
#   that it stays in its second and its day
# behaviour: msgspec rounds it, up to the next day; pydantic, Python and JavaScript cut it off. The same text has two dates in one
#   app, also in two libraries of one language.
# version: chrono 0.4.45 (crates.io); msgspec 0.23.0, pydantic 2.13.5 (PyPI), Python 3.11 or newer; Node.js 20
# date: 2026-11-30
# output:
#   chrono      2026-11-30T23:59:59.999999600Z
#   msgspec     2026-12-01T00:00:00.000000+00:00
#   pydantic    2026-11-30T23:59:59.999999+00:00
#   Python      2026-11-30T23:59:59.999999+00:00
#   JavaScript  2026-11-30T23:59:59.999Z
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check msgspec==0.23.0 pydantic==2.13.5
cat > Cargo.toml <<'TOML'
[package]
name = "writer"
version = "0.1.0"
edition = "2021"

[dependencies]
chrono = { version = "=0.4.45", default-features = false, features = ["serde", "std"] }
serde_json = "=1.0.154"
TOML
mkdir src
cat > src/main.rs <<'RUST'
fn main() {
    let time = chrono::DateTime::from_timestamp(1_796_083_199, 999_999_600).unwrap();
    println!("{}", serde_json::to_string(&time).unwrap());
}
RUST
cat > main.py <<'PYTHON'
import json
import sys
from datetime import datetime

import msgspec
from pydantic import TypeAdapter

text = sys.argv[1]
times = {
    "msgspec": msgspec.json.decode(text, type=datetime),
    "pydantic": TypeAdapter(datetime).validate_json(text),
    "Python": datetime.fromisoformat(json.loads(text)),
}
for name, time in times.items():
    print("%-11s %s" % (name, time.isoformat(timespec="microseconds")))
PYTHON

cargo build --quiet
text=$(target/debug/writer)
{
  echo "chrono      ${text//\"/}"
  venv/bin/python main.py "$text"
  node -e 'console.log("JavaScript ", new Date(JSON.parse(process.argv[1])).toISOString())' "$text"
} | tee seen
diff seen - <<'SEEN'
chrono      2026-11-30T23:59:59.999999600Z
msgspec     2026-12-01T00:00:00.000000+00:00
pydantic    2026-11-30T23:59:59.999999+00:00
Python      2026-11-30T23:59:59.999999+00:00
JavaScript  2026-11-30T23:59:59.999Z
SEEN
