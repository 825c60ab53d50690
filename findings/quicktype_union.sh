#!/usr/bin/env bash
# guess: quicktype generates a union from a `oneOf` of objects that a constant field distinguishes, as other generators do
# behaviour: it generates one type that has the fields of all objects, each optional: the compiler no longer knows that a card has
#   a number, and accepts a card with an amount. json-schema-to-typescript and datamodel-code-generator keep the union.
# version: quicktype-core 26.0.0, json-schema-to-typescript 16.0.0 (npm), datamodel-code-generator 0.89.0 (PyPI)
# date: 2026-11-30
# output:
#   quicktype:                 export interface Payment { kind: Kind; number?: string; amount?: number; }
#   json-schema-to-typescript: export type Payment = Card | Cash;
#   datamodel-code-generator:  Payment: TypeAlias = Card | Cash
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --no-package-lock --ignore-scripts quicktype-core@26.0.0 json-schema-to-typescript@16.0.0 > /dev/null
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check datamodel-code-generator==0.89.0

cat > payment.json <<'JSON'
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Payment",
  "oneOf": [{ "$ref": "#/$defs/Card" }, { "$ref": "#/$defs/Cash" }],
  "$defs": {
    "Card": {
      "type": "object",
      "properties": { "kind": { "const": "card" }, "number": { "type": "string" } },
      "required": ["kind", "number"],
      "additionalProperties": false
    },
    "Cash": {
      "type": "object",
      "properties": { "kind": { "const": "cash" }, "amount": { "type": "integer" } },
      "required": ["kind", "amount"],
      "additionalProperties": false
    }
  }
}
JSON
cat > generate.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { compile } from 'json-schema-to-typescript';
import { InputData, JSONSchemaInput, quicktype } from 'quicktype-core';

const schema = readFileSync('payment.json', 'utf8');
if (process.argv[2] === 'quicktype') {
  const input = new JSONSchemaInput();
  await input.addSource({ name: 'Payment', schema });
  const inputData = new InputData();
  inputData.addInput(input);
  const { lines } = await quicktype({ inputData, lang: 'typescript', rendererOptions: { 'just-types': 'true' } });
  console.log(lines.join('\n'));
} else {
  console.log(await compile(JSON.parse(schema), 'Payment', { bannerComment: '' }));
}
JAVASCRIPT

quicktype=$(node generate.mjs quicktype | sed -n '/interface Payment/,/}/p' | tr -s '\n ' ' ' | sed 's/ $//')
json2ts=$(node generate.mjs json2ts | grep 'type Payment')
datamodel=$(venv/bin/datamodel-codegen --input payment.json --input-file-type jsonschema --output-model-type typing.TypedDict 2> /dev/null |
  grep '^Payment')
echo "quicktype:                 $quicktype"
echo "json-schema-to-typescript: $json2ts"
echo "datamodel-code-generator:  $datamodel"
[ "$quicktype" = 'export interface Payment { kind: Kind; number?: string; amount?: number; }' ]
[ "$json2ts" = 'export type Payment = Card | Cash;' ]
[ "$datamodel" = 'Payment: TypeAlias = Card | Cash' ]
