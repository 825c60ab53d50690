#!/usr/bin/env bash
# guess: what pydantic and msgspec write for a `timedelta` is valid under the JSON Schema that they write for it
#   (`"format": "duration"`), in each validator that checks formats
# behaviour: half a second is `PT0.5S`. ajv-formats refuses it, because the grammar of durations in RFC 3339, which JSON Schema
#   names, has no fractions; jsonschema accepts it. msgspec in turn refuses `P1W`, which is valid for both validators, and which
#   pydantic reads.
# version: pydantic 2.13.5, msgspec 0.23.0, jsonschema 4.26.0 (PyPI); ajv 8.20.0, ajv-formats 3.0.1 (npm)
# date: 2026-11-30
# output:
#   PT0.5S: written by pydantic, written by msgspec, jsonschema: valid, ajv: invalid
#   P1W:    read by pydantic, refused by msgspec, jsonschema: valid, ajv: valid
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pydantic==2.13.5 msgspec==0.23.0 'jsonschema[format]==4.26.0'
npm install --silent --no-save --no-package-lock --ignore-scripts ajv@8.20.0 ajv-formats@3.0.1 > /dev/null

cat > models.py <<'PYTHON'
import datetime

import msgspec
import pydantic
from jsonschema import Draft202012Validator

HALF = datetime.timedelta(seconds=0.5)
model = pydantic.TypeAdapter(datetime.timedelta)
schema = model.json_schema()
assert schema == msgspec.json.schema(datetime.timedelta) == {"type": "string", "format": "duration"}, schema
validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def jsonschema(text):
    return "valid" if validator.is_valid(text) else "invalid"


def reads(read):
    try:
        return "read" if read(b'"P1W"') == datetime.timedelta(weeks=1) else "misread"
    except ValueError:
        return "refused"


writers = [name for name, text in [("pydantic", model.dump_json(HALF)), ("msgspec", msgspec.json.encode(HALF))] if text == b'"PT0.5S"']
print("PT0.5S: %s, jsonschema: %s" % (", ".join("written by " + name for name in writers), jsonschema("PT0.5S")))
readers = [(reads(model.validate_json), "pydantic"), (reads(lambda text: msgspec.json.decode(text, type=datetime.timedelta)), "msgspec")]
print("P1W:    %s, jsonschema: %s" % (", ".join("%s by %s" % pair for pair in readers), jsonschema("P1W")))
PYTHON
cat > validate.cjs <<'JAVASCRIPT'
const Ajv = require('ajv/dist/2020.js');
const addFormats = require('ajv-formats');

const validate = addFormats(new Ajv()).compile({ type: 'string', format: 'duration' });
console.log(validate('PT0.5S') ? 'ajv: valid' : 'ajv: invalid');
console.log(validate('P1W') ? 'ajv: valid' : 'ajv: invalid');
JAVASCRIPT

seen=$(paste -d '|' <(venv/bin/python models.py) <(node validate.cjs) | sed 's/|/, /')
echo "$seen"
[ "$seen" = 'PT0.5S: written by pydantic, written by msgspec, jsonschema: valid, ajv: invalid
P1W:    read by pydantic, refused by msgspec, jsonschema: valid, ajv: valid' ]
