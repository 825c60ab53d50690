#!/usr/bin/env bash
# guess: what pydantic writes for a `Decimal` matches the pattern in the JSON Schema that it writes for the same field
# behaviour: a Decimal with an exponent, which `normalize()` makes of 1000, is written as `1E+3`; the
#   pattern has no exponent, so a caller that validates with the schema refuses the response. pydantic itself reads it.
# version: pydantic 2.13.5, jsonschema 4.26.0 (PyPI)
# date: 2026-11-30
# output:
#   Decimal("1000"):             "1000", matches the schema
#   Decimal("1000").normalize(): "1E+3", does not match the schema, read as 1E+3
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pydantic==2.13.5 jsonschema==4.26.0

cat > main.py <<'PYTHON'
import json
from decimal import Decimal

import jsonschema
import pydantic

model = pydantic.TypeAdapter(Decimal)
validator = jsonschema.Draft202012Validator(model.json_schema(mode="serialization"))
plain = model.dump_json(Decimal("1000")).decode()
normal = model.dump_json(Decimal("1000").normalize()).decode()
results = ["matches" if validator.is_valid(json.loads(text)) else "does not match" for text in (plain, normal)]
print('Decimal("1000"):             %s, %s the schema' % (plain, results[0]))
print('Decimal("1000").normalize(): %s, %s the schema, read as %s' % (normal, results[1], model.validate_json(normal)))
assert (plain, normal) == ('"1000"', '"1E+3"')
assert results == ["matches", "does not match"]
PYTHON
venv/bin/python main.py
