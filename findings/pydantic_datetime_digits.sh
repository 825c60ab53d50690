#!/usr/bin/env bash
# guess: pydantic reads the text `20261130` for a `datetime` as Python does, as November 30, 2026 (the basic form of ISO 8601), or
#   refuses it, as the `"format": "date-time"` of its JSON Schema says; above all in strict mode
# behaviour: it reads a day in August 1970, in both modes: a text of digits is a number of seconds since 1970. `2026`, as of a
#   year, becomes half an hour after midnight of January 1, 1970. msgspec and jsonschema refuse both.
# version: pydantic 2.13.5, msgspec 0.23.0, jsonschema 4.26.0 with rfc3339-validator 0.1.4 (PyPI), Python 3.11 or newer
# date: 2026-11-30
# output:
#   20261130  pydantic: 1970-08-23T12:05:30+00:00, strict: 1970-08-23T12:05:30+00:00, Python: 2026-11-30T00:00:00
#   20261130  msgspec: refused, jsonschema: refused
#   2026      pydantic: 1970-01-01T00:33:46+00:00, strict: 1970-01-01T00:33:46+00:00, Python: refused
#   2026      msgspec: refused, jsonschema: refused
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pydantic==2.13.5 msgspec==0.23.0 jsonschema==4.26.0 \
  rfc3339-validator==0.1.4

cat > main.py <<'PYTHON'
import json
from datetime import datetime

import jsonschema
import msgspec
from pydantic import TypeAdapter

time = TypeAdapter(datetime)
validator = jsonschema.Draft202012Validator(time.json_schema(), format_checker=jsonschema.FormatChecker())


def read(function, *arguments, **options):
    try:
        return function(*arguments, **options).isoformat()
    except ValueError:
        return "refused"


for text in ("20261130", "2026"):
    body = json.dumps(text)
    lax = read(time.validate_json, body)
    strict = read(time.validate_json, body, strict=True)
    print("%-8s  pydantic: %s, strict: %s, Python: %s" % (text, lax, strict, read(datetime.fromisoformat, text)))
    other = read(msgspec.json.decode, body, type=datetime)
    print("%-8s  msgspec: %s, jsonschema: %s" % (text, other, "valid" if validator.is_valid(text) else "refused"))
PYTHON

venv/bin/python main.py | tee seen
diff seen - <<'SEEN'
20261130  pydantic: 1970-08-23T12:05:30+00:00, strict: 1970-08-23T12:05:30+00:00, Python: 2026-11-30T00:00:00
20261130  msgspec: refused, jsonschema: refused
2026      pydantic: 1970-01-01T00:33:46+00:00, strict: 1970-01-01T00:33:46+00:00, Python: refused
2026      msgspec: refused, jsonschema: refused
SEEN
