#!/usr/bin/env bash
# guess: whether a validator checks `"format": "date"` is an option of the validator, and the same for each schema
# behaviour: in the Rust crate jsonschema it is the line `"$schema"` that decides: with draft 7 `tomorrow` is no date, and with draft 2020-12, or
#   without the line, it is accepted, as those drafts say. schemars writes draft 2020-12, and pydantic and msgspec no line, so that no
#   date or time of theirs is checked. The option `validate_formats` decides for all. jsonschema for Python
#   checks no format unless it is given a checker, and then each; ajv with ajv-formats checks each. (documentation of `validate_formats`)
# version: jsonschema-rs 0.61.2, which has the crate jsonschema in it, jsonschema 4.26.0 (PyPI); ajv 8.20.0, ajv-formats 3.0.1 (npm)
# date: 2026-11-30
# output:
#   draft 7        jsonschema-rs: refused, with the option: refused, jsonschema: accepted, with a checker: refused, ajv-formats: refused
#   draft 2020-12  jsonschema-rs: accepted, with the option: refused, jsonschema: accepted, with a checker: refused, ajv-formats: refused
#   no $schema     jsonschema-rs: accepted, with the option: refused, jsonschema: accepted, with a checker: refused, ajv-formats: refused
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check jsonschema-rs==0.61.2 jsonschema==4.26.0
npm install --silent --no-save --no-package-lock --ignore-scripts ajv@8.20.0 ajv-formats@3.0.1 > /dev/null

cat > main.py <<'PYTHON'
import json
import sys

import jsonschema_rs
from jsonschema.validators import validator_for

schema, value = json.loads(sys.argv[1]), "tomorrow"
validator = validator_for(schema)
outcomes = {
    "jsonschema-rs": jsonschema_rs.validator_for(schema).is_valid(value),
    "with the option": jsonschema_rs.validator_for(schema, validate_formats=True).is_valid(value),
    "jsonschema": validator(schema).is_valid(value),
    "with a checker": validator(schema, format_checker=validator.FORMAT_CHECKER).is_valid(value),
}
print(", ".join("%s: %s" % (name, "accepted" if is_valid else "refused") for name, is_valid in outcomes.items()))
PYTHON
cat > main.cjs <<'JAVASCRIPT'
const addFormats = require('ajv-formats');

const schema = JSON.parse(process.argv[2]);
const Ajv = require(schema.$schema?.includes('2020-12') ? 'ajv/dist/2020' : 'ajv');
const ajv = new Ajv();
addFormats(ajv);
console.log(ajv.validate(schema, 'tomorrow') ? 'accepted' : 'refused');
JAVASCRIPT

see() {
  schema='{'$2' "type": "string", "format": "date" }'
  printf '%-14s %s, ajv-formats: %s\n' "$1" "$(venv/bin/python main.py "$schema")" "$(node main.cjs "$schema")"
}
{
  see 'draft 7' '"$schema":"http://json-schema.org/draft-07/schema#",'
  see 'draft 2020-12' '"$schema":"https://json-schema.org/draft/2020-12/schema",'
  see 'no $schema' ''
} | tee seen
diff seen - <<'SEEN'
draft 7        jsonschema-rs: refused, with the option: refused, jsonschema: accepted, with a checker: refused, ajv-formats: refused
draft 2020-12  jsonschema-rs: accepted, with the option: refused, jsonschema: accepted, with a checker: refused, ajv-formats: refused
no $schema     jsonschema-rs: accepted, with the option: refused, jsonschema: accepted, with a checker: refused, ajv-formats: refused
SEEN
