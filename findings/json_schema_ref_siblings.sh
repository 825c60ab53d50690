#!/usr/bin/env bash
# guess: a keyword next to `$ref`, such as a shorter `maxLength` for one field, counts for each validator or for none
# behaviour: for jsonschema it depends on the line `"$schema"`: with draft 7 it ignores what is next to `$ref`, as that draft says, and without
#   the line, which means the newest draft, it does not. ajv, though made for draft 7 by default, never ignores it. So the service in
#   Python accepts what the one behind Fastify refuses, and adding a `"$schema"` to a schema makes it allow more. An `allOf` with the
#   reference and the keyword is the same for all.
# version: jsonschema 4.26.0 (PyPI); ajv 8.20.0 (npm)
# date: 2026-11-30
# output:
#   no $schema      jsonschema: refused, ajv: refused
#   draft 7         jsonschema: accepted, ajv: refused
#   draft 7, allOf  jsonschema: refused, ajv: refused
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check jsonschema==4.26.0
npm install --silent --no-save --no-package-lock --ignore-scripts ajv@8.20.0 > /dev/null

cat > main.py <<'PYTHON'
import json
import sys

from jsonschema.validators import validator_for

schema = json.loads(sys.argv[1])
print("accepted" if validator_for(schema)(schema).is_valid({"code": "Paris"}) else "refused")
PYTHON
cat > main.cjs <<'JAVASCRIPT'
const Ajv = require('ajv');

const validate = new Ajv().compile(JSON.parse(process.argv[2]));
console.log(validate({ code: 'Paris' }) ? 'accepted' : 'refused');
JAVASCRIPT

see() {
  schema='{'$2' "type": "object", "definitions": { "Name": { "type": "string" } }, "properties": { "code": '$3' } }'
  printf '%-15s jsonschema: %s, ajv: %s\n' "$1" "$(venv/bin/python main.py "$schema")" "$(node main.cjs "$schema")"
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
no $schema      jsonschema: refused, ajv: refused
draft 7         jsonschema: accepted, ajv: refused
draft 7, allOf  jsonschema: refused, ajv: refused
SEEN
