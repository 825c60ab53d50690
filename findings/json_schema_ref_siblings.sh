#!/usr/bin/env bash
# guess: a keyword next to `$ref`, such as a shorter `maxLength` for one field, counts for each validator or for none
# behaviour: for jsonschema, and for the Rust crate of that name, it depends on the line `"$schema"`: with draft 7 they ignore what is next to
#   `$ref`, as that draft says, and without the line, which means the newest draft, they do not. ajv, though made for draft 7 by default,
#   never ignores it. So a service in Python or Rust accepts what one with Fastify refuses, and a schema to which a `"$schema"` is
#   added allows more. An `allOf` of the reference and the keyword is the same for all.
# version: jsonschema 4.26.0, jsonschema-rs 0.61.2, which has the crate jsonschema in it (PyPI); ajv 8.20.0 (npm)
# date: 2026-11-30
# output:
#   no $schema      jsonschema: refused, jsonschema-rs: refused, ajv: refused
#   draft 7         jsonschema: accepted, jsonschema-rs: accepted, ajv: refused
#   draft 7, allOf  jsonschema: refused, jsonschema-rs: refused, ajv: refused
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check jsonschema==4.26.0 jsonschema-rs==0.61.2
npm install --silent --no-save --no-package-lock --ignore-scripts ajv@8.20.0 > /dev/null

cat > main.py <<'PYTHON'
import json
import sys

import jsonschema_rs
from jsonschema.validators import validator_for

schema, value = json.loads(sys.argv[1]), {"code": "Paris"}
outcomes = {"jsonschema": validator_for(schema)(schema).is_valid(value), "jsonschema-rs": jsonschema_rs.is_valid(schema, value)}
print(", ".join("%s: %s" % (name, "accepted" if is_valid else "refused") for name, is_valid in outcomes.items()))
PYTHON
cat > main.cjs <<'JAVASCRIPT'
const Ajv = require('ajv');

const validate = new Ajv().compile(JSON.parse(process.argv[2]));
console.log(validate({ code: 'Paris' }) ? 'accepted' : 'refused');
JAVASCRIPT

see() {
  schema='{'$2' "type": "object", "definitions": { "Name": { "type": "string" } }, "properties": { "code": '$3' } }'
  printf '%-15s %s, ajv: %s\n' "$1" "$(venv/bin/python main.py "$schema")" "$(node main.cjs "$schema")"
}
draft='"$schema":"http://json-schema.org/draft-07/schema#",'
next='{ "$ref": "#/definitions/Name", "type": "string", "maxLength": 3 }'
all='{ "allOf": [{ "$ref": "#/definitions/Name" }, { "type": "string", "maxLength": 3 }] }'
{
  see 'no $schema' '' "$next"
  see 'draft 7' "$draft" "$next"
  see 'draft 7, allOf' "$draft" "$all"
} | tee seen
diff seen - <<'SEEN'
no $schema      jsonschema: refused, jsonschema-rs: refused, ajv: refused
draft 7         jsonschema: accepted, jsonschema-rs: accepted, ajv: refused
draft 7, allOf  jsonschema: refused, jsonschema-rs: refused, ajv: refused
SEEN
