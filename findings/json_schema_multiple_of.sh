#!/usr/bin/env bash
# guess: a price of 19.99 is a multiple of 0.01 for each library that validates `"multipleOf": 0.01`
# behaviour: it is for pydantic and zod, which write that keyword into their JSON Schema, and not for jsonschema, msgspec, ajv (and so
#   Fastify), valibot and TypeBox, which divide the floating-point numbers: what one side accepts and describes, the other refuses.
#   For jsonschema and ajv it depends on the price: they accept 19.98. A number of cents is an integer for all of them.
# version: pydantic 2.13.5, jsonschema 4.26.0, msgspec 0.23.0 (PyPI); zod 4.6.7, ajv 8.20.0, valibot 1.5.0, @sinclair/typebox 0.34.52
#   (npm)
# date: 2026-11-30
# output:
#   19.98  pydantic: valid, jsonschema: valid, msgspec: invalid
#   19.99  pydantic: valid, jsonschema: invalid, msgspec: invalid
#   19.98  zod: valid, ajv: valid, valibot: invalid, TypeBox: invalid
#   19.99  zod: valid, ajv: invalid, valibot: invalid, TypeBox: invalid
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pydantic==2.13.5 jsonschema==4.26.0 msgspec==0.23.0
npm install --silent --no-save --no-package-lock --ignore-scripts zod@4.6.7 ajv@8.20.0 valibot@1.5.0 @sinclair/typebox@0.34.52 \
  > /dev/null

cat > main.py <<'PYTHON'
from typing import Annotated

import jsonschema
import msgspec
import pydantic

price = pydantic.TypeAdapter(Annotated[float, pydantic.Field(multiple_of=0.01)])
validators = {
    "pydantic": lambda value: price.validate_python(value),
    "jsonschema": lambda value: jsonschema.validate(value, price.json_schema()),
    "msgspec": lambda value: msgspec.convert(value, Annotated[float, msgspec.Meta(multiple_of=0.01)]),
}


def result(validate, value):
    try:
        validate(value)
    except (pydantic.ValidationError, jsonschema.ValidationError, msgspec.ValidationError):
        return "invalid"
    return "valid"


for value in (19.98, 19.99):
    print("%s  %s" % (value, ", ".join("%s: %s" % (name, result(validate, value)) for name, validate in validators.items())))
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as valibot from 'valibot';
import { z } from 'zod';

const price = z.number().multipleOf(0.01);
const validators = {
  zod: (value) => price.safeParse(value).success,
  ajv: new Ajv2020().compile(z.toJSONSchema(price)),
  valibot: (value) => valibot.safeParse(valibot.pipe(valibot.number(), valibot.multipleOf(0.01)), value).success,
  TypeBox: (value) => Value.Check(Type.Number({ multipleOf: 0.01 }), value),
};
for (const value of [19.98, 19.99]) {
  const results = Object.entries(validators).map(([name, isValid]) => `${name}: ${isValid(value) ? 'valid' : 'invalid'}`);
  console.log(`${value}  ${results.join(', ')}`);
}
JAVASCRIPT

{ venv/bin/python main.py; node main.mjs; } | tee seen
diff seen - <<'SEEN'
19.98  pydantic: valid, jsonschema: valid, msgspec: invalid
19.99  pydantic: valid, jsonschema: invalid, msgspec: invalid
19.98  zod: valid, ajv: valid, valibot: invalid, TypeBox: invalid
19.99  zod: valid, ajv: invalid, valibot: invalid, TypeBox: invalid
SEEN
