#!/usr/bin/env bash
# guess: pydantic accepts for `Literal[1]` what its JSON Schema, `{"const": 1, "type": "integer"}`, allows, at least in strict mode:
#   a literal is compared and not converted
# behaviour: it accepts `true` and `1.0` too, and `1` for `Literal[True]`, in both modes, because it compares as Python does, where
#   `1 == True`. msgspec and jsonschema refuse `true`.
# version: pydantic 2.13.5, msgspec 0.23.0, jsonschema 4.26.0 (PyPI)
# date: 2026-11-30
# output:
#   true for Literal[1]: pydantic: 1, pydantic, strict: 1, msgspec: refused, jsonschema: refused
#   1 for Literal[True]: pydantic: True, pydantic, strict: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pydantic==2.13.5 msgspec==0.23.0 jsonschema==4.26.0

cat > main.py <<'PYTHON'
import json
from typing import Literal

import jsonschema
import msgspec
import pydantic


def outcome(read):
    try:
        return read()
    except ValueError:
        return "refused"


one, yes = pydantic.TypeAdapter(Literal[1]), pydantic.TypeAdapter(Literal[True])
schema = one.json_schema()
assert schema == {"const": 1, "type": "integer"}, schema
is_valid = jsonschema.Draft202012Validator(schema).is_valid(json.loads("true"))
print(
    "true for Literal[1]: pydantic: %s, pydantic, strict: %s, msgspec: %s, jsonschema: %s"
    % (
        outcome(lambda: one.validate_json("true")),
        outcome(lambda: one.validate_json("true", strict=True)),
        outcome(lambda: msgspec.json.decode("true", type=Literal[1])),
        "valid" if is_valid else "refused",
    )
)
print(
    "1 for Literal[True]: pydantic: %s, pydantic, strict: %s"
    % (outcome(lambda: yes.validate_json("1")), outcome(lambda: yes.validate_json("1", strict=True)))
)
PYTHON

seen=$(venv/bin/python main.py)
echo "$seen"
[ "$seen" = 'true for Literal[1]: pydantic: 1, pydantic, strict: 1, msgspec: refused, jsonschema: refused
1 for Literal[True]: pydantic: True, pydantic, strict: True' ]
