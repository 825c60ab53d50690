#!/usr/bin/env bash
# guess: serde_json reads each number that Python or JavaScript writes for a floating-point number as that number, and at least an
#   integer: 9007199254740991.0, the largest safe integer, as Python writes it
# behaviour: it reads 9007199254740990, and writes that, because by default it computes numbers of 16 and 17 digits approximately: of
#   random fractions, it changes the last bit of about one in ten. `9007199254740991` without `.0` is right, as are
#   `str::parse` and the feature `float_roundtrip`. (documentation of that feature)
# version: serde_json 1.0.154 (crates.io), Python 3
# date: 2026-11-30
# output:
#   9007199254740991.0  serde_json: 9007199254740990.0, str::parse: 9007199254740991.0
#   9007199254740991    serde_json: 9007199254740991.0, str::parse: 9007199254740991.0
#   of 10000 fractions of Python, serde_json changes 1092, str::parse changes 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > Cargo.toml <<'TOML'
[package]
name = "reader"
version = "0.1.0"
edition = "2021"

[dependencies]
serde_json = "=1.0.154"
TOML
mkdir src
cat > src/main.rs <<'RUST'
// Reads a number from each line, and prints what serde_json and the standard library read.
fn main() {
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let number: f64 = serde_json::from_str(&line).unwrap();
        println!("{line} {number:?} {:?}", line.parse::<f64>().unwrap());
    }
}
RUST
cat > main.py <<'PYTHON'
import json
import random
import subprocess

random.seed(1)
numbers = [json.dumps(9007199254740991.0), "9007199254740991"] + [json.dumps(random.random()) for _ in range(10000)]
output = subprocess.run(["target/debug/reader"], input="\n".join(numbers), capture_output=True, text=True, check=True).stdout
lines = [line.split() for line in output.splitlines()]
for line, serde_json, parse in lines[:2]:
    print("%-19s serde_json: %s, str::parse: %s" % (line, serde_json, parse))
changed = [sum(float(line[0]) != float(line[column]) for line in lines[2:]) for column in (1, 2)]
print("of 10000 fractions of Python, serde_json changes %d, str::parse changes %d" % tuple(changed))
PYTHON

cargo build --quiet
python3 main.py | tee seen
diff seen - <<'SEEN'
9007199254740991.0  serde_json: 9007199254740990.0, str::parse: 9007199254740991.0
9007199254740991    serde_json: 9007199254740991.0, str::parse: 9007199254740991.0
of 10000 fractions of Python, serde_json changes 1092, str::parse changes 0
SEEN
