#!/usr/bin/env bash
# guess: a response that does not have the types of the route's response schema is an error in Fastify, as a request is that does not
#   have those of the request schema, or is sent as it is
# behaviour: it is converted: `null` becomes an empty text, the text `false` becomes `true`, 3.7 becomes 3. Only what cannot be
#   converted, and a missing required field, is an error.
# version: fastify 5.12.8 (npm)
# date: 2026-11-30
# output:
#   handler: {"name":null,"count":3.7,"paid":"false","tags":[null]}
#   sent:    {"name":"","count":3,"paid":true,"tags":[""]}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --no-package-lock --ignore-scripts fastify@5.12.8 > /dev/null

cat > main.mjs <<'JAVASCRIPT'
import fastify from 'fastify';

const properties = {
  name: { type: 'string' },
  count: { type: 'integer' },
  paid: { type: 'boolean' },
  tags: { type: 'array', items: { type: 'string' } },
};
const order = { name: null, count: 3.7, paid: 'false', tags: [null] };
const app = fastify();
app.get('/', { schema: { response: { 200: { type: 'object', properties, required: ['name'] } } } }, async () => order);
console.log(`handler: ${JSON.stringify(order)}`);
console.log(`sent:    ${(await app.inject('/')).body}`);
await app.close();
JAVASCRIPT

seen=$(node main.mjs)
echo "$seen"
[ "$seen" = 'handler: {"name":null,"count":3.7,"paid":"false","tags":[null]}
sent:    {"name":"","count":3,"paid":true,"tags":[""]}' ]
