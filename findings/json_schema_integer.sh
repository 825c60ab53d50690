#!/usr/bin/env bash
# guess: a library reads what is valid under the JSON Schema that it writes, at least for a plain integer
# behaviour: for JSON Schema `3.0` and `3e0` are integers, as they are for jsonschema and ajv, and a sum of floats in Python is written so.
#   msgspec refuses them for the type whose schema it wrote, and so does pydantic in strict mode, with the same schema as without: a request
#   that passes the validation of a gateway is refused by the function behind it. (JSON Schema validation, *type*)
# version: msgspec 0.23.0, pydantic 2.13.5, jsonschema 4.26.0 (PyPI); ajv 8.20.0 (npm)
# date: 2026-11-30
# output:
#   msgspec           {"count": 3}: read, {"count": 3.0}: refused, schema: valid for jsonschema and ajv
#   pydantic          {"count": 3}: read, {"count": 3.0}: read, schema: valid for jsonschema and ajv
#   pydantic, strict  {"count": 3}: read, {"count": 3.0}: refused, schema: valid for jsonschema and ajv
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check msgspec==0.23.0 pydantic==2.13.5 jsonschema==4.26.0
npm install --silent --no-save --no-package-lock --ignore-scripts ajv@8.20.0 > /dev/null
cat > valid.cjs <<'JAVASCRIPT'
const Ajv = require('ajv/dist/2020');

const validate = new Ajv().compile(JSON.parse(process.argv[2]));
console.log(validate(JSON.parse(process.argv[3])) ? 'valid' : 'not valid');
JAVASCRIPT
cat > main.py <<'PYTHON'
import json
import subprocess

import jsonschema
import msgspec
from pydantic import BaseModel, ConfigDict

TEXTS = ['{"count": 3}', json.dumps({"count": sum([1.5, 1.5])})]


class Struct(msgspec.Struct):
    count: int


class Model(BaseModel):
    count: int


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    count: int


def outcome(read, text):
    try:
        read(text)
    except ValueError:
        return "refused"
    return "read"


def show(name, schema, outcomes):
    validators = ["jsonschema"] if jsonschema.validators.validator_for(schema)(schema).is_valid(json.loads(TEXTS[1])) else []
    command = ["node", "valid.cjs", json.dumps(schema), TEXTS[1]]
    validators += ["ajv"] if subprocess.check_output(command, text=True) == "valid\n" else []
    seen = ["%s: %s" % pair for pair in zip(TEXTS, outcomes)] + ["schema: valid for %s" % " and ".join(validators)]
    print("%-17s %s" % (name, ", ".join(seen)))


show("msgspec", msgspec.json.schema(Struct), [outcome(lambda text: msgspec.json.decode(text, type=Struct), text) for text in TEXTS])
for name, model in {"pydantic": Model, "pydantic, strict": Strict}.items():
    show(name, model.model_json_schema(), [outcome(model.model_validate_json, text) for text in TEXTS])
PYTHON

venv/bin/python main.py | tee seen
diff seen - <<'SEEN'
msgspec           {"count": 3}: read, {"count": 3.0}: refused, schema: valid for jsonschema and ajv
pydantic          {"count": 3}: read, {"count": 3.0}: read, schema: valid for jsonschema and ajv
pydantic, strict  {"count": 3}: read, {"count": 3.0}: refused, schema: valid for jsonschema and ajv
SEEN
