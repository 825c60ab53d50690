#!/usr/bin/env bash
# guess: an HTTP framework on Lambda reads `?place=Paris%2C%20France` as one value, and the same from every adapter: a function
#   URL and an HTTP API send the query undecoded in `rawQueryString`
# behaviour: Powertools for Python and Fastify read two values, because they split `queryStringParameters`, in which Lambda
#   joins repeated names with a comma. Powertools for TypeScript and Hono read `rawQueryString`, and one value.
#   (fastify/aws-lambda-fastify issue 202, since when an option of the adapter turns it off)
# version: aws-lambda-powertools 3.37.0 (PyPI); @aws-lambda-powertools/event-handler 2.35.0, @fastify/aws-lambda 6.4.1 with
#   fastify 5.12.8, hono 4.13.19 (npm)
# date: 2026-11-30
# output:
#   Powertools for Python:      ["Paris"," France"]
#   Powertools for TypeScript:  ["Paris, France"]
#   Fastify:                    ["Paris"," France"]
#   Hono:                       ["Paris, France"]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check 'aws-lambda-powertools[parser]==3.37.0'
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-lambda-powertools/event-handler@2.35.0 \
  @fastify/aws-lambda@6.4.1 fastify@5.12.8 hono@4.13.19 > /dev/null

cat > event.json <<'JSON'
{
  "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "place=Paris%2C%20France",
  "queryStringParameters": { "place": "Paris, France" },
  "headers": { "host": "a.lambda-url.us-east-1.on.aws", "accept": "*/*" },
  "requestContext": {
    "accountId": "anonymous", "apiId": "a", "domainName": "a.lambda-url.us-east-1.on.aws", "domainPrefix": "a",
    "http": { "method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl" },
    "requestId": "1", "routeKey": "$default", "stage": "$default", "time": "30/Nov/2026:00:00:00 +0000", "timeEpoch": 1796000000000
  },
  "isBase64Encoded": false
}
JSON
cat > main.py <<'PYTHON'
import json
from typing import Annotated

from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

app = LambdaFunctionUrlResolver(enable_validation=True)


@app.get("/")
def places(place: Annotated[list[str], Query()]):
    return place


with open("event.json") as file:
    print(app.resolve(json.load(file), None)["body"])
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { Router } from '@aws-lambda-powertools/event-handler/http';
import adapt from '@fastify/aws-lambda';
import fastify from 'fastify';
import { Hono } from 'hono';
import { handle } from 'hono/aws-lambda';

const powertools = new Router();
powertools.get('/', async ({ req }) => new URL(req.url).searchParams.getAll('place'));
const fast = fastify();
fast.get('/', async (request) => [request.query.place].flat());
const hono = new Hono();
hono.get('/', (context) => context.json(context.req.queries('place')));
const handlers = {
  powertools: (event, context) => powertools.resolve(event, context),
  fastify: adapt(fast),
  hono: handle(hono),
};
const event = JSON.parse(readFileSync('event.json'));
const response = await handlers[process.argv[2]](event, { awsRequestId: '1', getRemainingTimeInMillis: () => 3000 });
console.log(response.body);
JAVASCRIPT

python=$(venv/bin/python main.py)
typescript=$(node main.mjs powertools)
fastify=$(node main.mjs fastify)
hono=$(node main.mjs hono)
echo "Powertools for Python:      $python"
echo "Powertools for TypeScript:  $typescript"
echo "Fastify:                    $fastify"
echo "Hono:                       $hono"
[ "$python" = '["Paris"," France"]' ]
[ "$typescript" = '["Paris, France"]' ]
[ "$fastify" = '["Paris"," France"]' ]
[ "$hono" = '["Paris, France"]' ]
