#!/usr/bin/env bash
# guess: what a pydantic model writes by default is valid under the schema that it writes by default, above all under the one for
#   `mode="serialization"`, which says what it writes
# behaviour: for a field with an alias it is not: the schema names the alias, also in that mode, and `model_dump_json` writes the name
#   of the field, unless it is called with `by_alias=True` or the model has `serialize_by_alias=True`. The defaults of both are
#   documented, and they contradict each other. msgspec has the new name in both.
# version: pydantic 2.13.5, msgspec 0.23.0, jsonschema 4.26.0 (PyPI)
# date: 2026-11-30
# output:
#   pydantic: {"image_width":64}, invalid: 'imageWidth' is a required property
#   pydantic, by_alias: {"imageWidth":64}, valid
#   msgspec: {"imageWidth":64}, valid
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pydantic==2.13.5 msgspec==0.23.0 jsonschema==4.26.0

cat > main.py <<'PYTHON'
import json

import jsonschema
import msgspec
import pydantic
from pydantic.alias_generators import to_camel


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(alias_generator=to_camel, populate_by_name=True)
    image_width: int


class Struct(msgspec.Struct, rename="camel"):
    image_width: int


def print_valid(name, text, schema):
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(schema).iter_errors(json.loads(text)))
    print("%s: %s, %s" % (name, text, "invalid: " + error.message if error else "valid"))


schema = Model.model_json_schema(mode="serialization")
print_valid("pydantic", Model(image_width=64).model_dump_json(), schema)
print_valid("pydantic, by_alias", Model(image_width=64).model_dump_json(by_alias=True), schema)
print_valid("msgspec", msgspec.json.encode(Struct(image_width=64)).decode(), msgspec.json.schema(Struct))
PYTHON

seen=$(venv/bin/python main.py)
echo "$seen"
[ "$seen" = "pydantic: {\"image_width\":64}, invalid: 'imageWidth' is a required property
pydantic, by_alias: {\"imageWidth\":64}, valid
msgspec: {\"imageWidth\":64}, valid" ]
