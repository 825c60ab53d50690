#!/usr/bin/env bash
# guess: a pattern that pydantic uses and writes into its JSON Schema is one for ajv too, as long as it has only what all regular
#   expressions have: `^\d{4}\-\d{2}$`, which is how `re.escape` writes a hyphen
# behaviour: ajv refuses the schema, and Fastify does not start: ajv compiles patterns with the flag `u`, as JSON Schema recommends,
#   and under `u` JavaScript knows `\-` only in a class. Without the flag, as in zod, JavaScript accepts it.
# version: pydantic 2.13.5, jsonschema 4.26.0, msgspec 0.23.0 (PyPI); ajv 8.20.0, fastify 5.12.8, zod 4.6.7 (npm)
# date: 2026-11-30
# output:
#   ^\d{4}\-\d{2}$  pydantic: valid, jsonschema: valid, msgspec: valid
#   ^\d{4}\-\d{2}$  zod: valid, ajv: Invalid escape, Fastify: Invalid escape
#   ^\d{4}-\d{2}$   pydantic: valid, jsonschema: valid, msgspec: valid
#   ^\d{4}-\d{2}$   zod: valid, ajv: valid, Fastify: valid
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pydantic==2.13.5 jsonschema==4.26.0 msgspec==0.23.0
npm install --silent --no-save --no-package-lock --ignore-scripts ajv@8.20.0 fastify@5.12.8 zod@4.6.7 > /dev/null

cat > main.py <<'PYTHON'
import sys
from typing import Annotated

import jsonschema
import msgspec
from pydantic import Field, TypeAdapter

pattern = sys.argv[1]
month = TypeAdapter(Annotated[str, Field(pattern=pattern)])
assert month.json_schema() == {"type": "string", "pattern": pattern}
# Each of them raises an error for a text that does not match.
month.validate_python("2026-11")
jsonschema.validate("2026-11", month.json_schema())
msgspec.convert("2026-11", Annotated[str, msgspec.Meta(pattern=pattern)])
print("%-15s pydantic: valid, jsonschema: valid, msgspec: valid" % pattern)
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { Ajv } from 'ajv';
import fastify from 'fastify';
import { z } from 'zod';

const pattern = process.argv[2];
const month = { type: 'string', pattern };
const result = async (isValid) => {
  try {
    return (await isValid()) ? 'valid' : 'invalid';
  } catch (error) {
    return /Invalid escape/.exec(error.message)[0];
  }
};
const app = fastify();
app.post('/', { schema: { body: { type: 'object', properties: { month } } } }, async () => 'ok');
const results = {
  zod: await result(() => z.string().regex(new RegExp(pattern)).safeParse('2026-11').success),
  ajv: await result(() => new Ajv().validate(month, '2026-11')),
  Fastify: await result(async () => {
    await app.ready();
    return (await app.inject({ method: 'POST', url: '/', payload: { month: '2026-11' } })).statusCode === 200;
  }),
};
const line = Object.entries(results).map(([name, text]) => `${name}: ${text}`);
console.log(`${pattern.padEnd(15)} ${line.join(', ')}`);
JAVASCRIPT

for pattern in '^\d{4}\-\d{2}$' '^\d{4}-\d{2}$'; do
  venv/bin/python main.py "$pattern"
  node main.mjs "$pattern"
done | tee seen
diff seen - <<'SEEN'
^\d{4}\-\d{2}$  pydantic: valid, jsonschema: valid, msgspec: valid
^\d{4}\-\d{2}$  zod: valid, ajv: Invalid escape, Fastify: Invalid escape
^\d{4}-\d{2}$   pydantic: valid, jsonschema: valid, msgspec: valid
^\d{4}-\d{2}$   zod: valid, ajv: valid, Fastify: valid
SEEN
