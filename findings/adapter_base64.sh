#!/usr/bin/env bash
# guess: adapters of HTTP frameworks agree which responses are text, so that a client of a REST API gets the JSON of an error (RFC 9457,
#   `application/problem+json`) or the Markdown that the app wrote
# behaviour: each has another list. Mangum encodes `application/problem+json` as Base64, as all `+json` but `application/vnd.api+json`;
#   Hono each text that is not HTML, CSS, CSV, JavaScript, plain text, JSON or XML; @codegenie/serverless-express SVG. A function URL decodes
#   Base64. A REST API does so only for its `binaryMediaTypes`, of which it has none by default: its client gets Base64 that is declared
#   to be JSON. (developer guide of API Gateway, *Binary media types*)
# version: mangum 0.22.0, apig-wsgi 2.20.0 (PyPI); hono 4.13.19, @codegenie/serverless-express 4.17.1 with express 5.3.0,
#   @fastify/aws-lambda 6.4.1 with fastify 5.12.8 (npm)
# date: 2026-11-30
# output:
#   application/problem+json  Mangum: Base64, apig-wsgi: text, Hono: text, serverless-express: text, Fastify: text
#   application/x-ndjson      Mangum: Base64, apig-wsgi: text, Hono: Base64, serverless-express: text, Fastify: text
#   text/markdown             Mangum: text, apig-wsgi: text, Hono: Base64, serverless-express: text, Fastify: text
#   image/svg+xml             Mangum: Base64, apig-wsgi: text, Hono: text, serverless-express: Base64, Fastify: text
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check mangum==0.22.0 apig-wsgi==2.20.0
npm install --silent --no-save --no-package-lock --ignore-scripts hono@4.13.19 @codegenie/serverless-express@4.17.1 express@5.3.0 \
  @fastify/aws-lambda@6.4.1 fastify@5.12.8 > /dev/null

# An event of a REST API (payload format 1.0).
cat > event.json <<'JSON'
{
  "resource": "/{proxy+}",
  "path": "/report",
  "httpMethod": "GET",
  "headers": { "Host": "a.execute-api.us-east-1.amazonaws.com" },
  "multiValueHeaders": { "Host": ["a.execute-api.us-east-1.amazonaws.com"] },
  "queryStringParameters": null,
  "multiValueQueryStringParameters": null,
  "pathParameters": { "proxy": "report" },
  "stageVariables": null,
  "requestContext": {
    "resourcePath": "/{proxy+}",
    "httpMethod": "GET",
    "path": "/prod/report",
    "stage": "prod",
    "requestId": "1",
    "apiId": "a",
    "identity": { "sourceIp": "192.0.2.1" }
  },
  "body": null,
  "isBase64Encoded": false
}
JSON
cat > main.py <<'PYTHON'
import json
import sys

from apig_wsgi import make_lambda_handler
from mangum import Mangum

kind = sys.argv[1]


async def asgi(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind.encode())]})
    await send({"type": "http.response.body", "body": b"{}"})


def wsgi(environment, start_response):
    start_response("200 OK", [("content-type", kind)])
    return [b"{}"]


with open("event.json") as file:
    event = json.load(file)
handlers = {"Mangum": Mangum(asgi, lifespan="off"), "apig-wsgi": make_lambda_handler(wsgi)}
forms = ["%s: %s" % (name, "Base64" if handler(event, None).get("isBase64Encoded") else "text") for name, handler in handlers.items()]
print(", ".join(forms))
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import serverlessExpress from '@codegenie/serverless-express';
import awsLambdaFastify from '@fastify/aws-lambda';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { handle } from 'hono/aws-lambda';

const kind = process.argv[2];
const onHono = new Hono().get('/report', (context) => context.body('{}', 200, { 'content-type': kind }));
const onExpress = express().get('/report', (request, response) => response.set('content-type', kind).end('{}'));
const onFastify = Fastify().get('/report', async (request, reply) => reply.header('content-type', kind).send('{}'));
const handlers = {
  Hono: handle(onHono),
  'serverless-express': serverlessExpress({ app: onExpress }),
  Fastify: awsLambdaFastify(onFastify),
};
const forms = [];
for (const [name, handler] of Object.entries(handlers)) {
  const { statusCode, isBase64Encoded } = await handler(JSON.parse(readFileSync('event.json')), {});
  forms.push(`${name}: ${statusCode !== 200 ? statusCode : isBase64Encoded ? 'Base64' : 'text'}`);
}
console.log(forms.join(', '));
JAVASCRIPT

for kind in application/problem+json application/x-ndjson text/markdown image/svg+xml; do
  printf '%-25s %s, %s\n' $kind "$(venv/bin/python main.py $kind)" "$(node main.mjs $kind)"
done | tee seen
diff seen - <<'SEEN'
application/problem+json  Mangum: Base64, apig-wsgi: text, Hono: text, serverless-express: text, Fastify: text
application/x-ndjson      Mangum: Base64, apig-wsgi: text, Hono: Base64, serverless-express: text, Fastify: text
text/markdown             Mangum: text, apig-wsgi: text, Hono: Base64, serverless-express: text, Fastify: text
image/svg+xml             Mangum: Base64, apig-wsgi: text, Hono: text, serverless-express: Base64, Fastify: text
SEEN
