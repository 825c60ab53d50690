#!/usr/bin/env bash
# guess: a route of Powertools (`/files/<name>`, `/files/:name`) gives the handler the decoded text of the URL, as it does for the query:
#   for `/files/annual%20report` the file `annual report`
# behaviour: Powertools for Python gives `annual%20report`, because a function URL sends the path undecoded and the resolver only
#   matches it; the query of the same request is decoded. Powertools for TypeScript, and FastAPI with Mangum, give `annual report`.
# version: aws-lambda-powertools 3.37.0, mangum 0.22.0 with fastapi 0.115.6 (PyPI), @aws-lambda-powertools/event-handler 2.35.0 (npm)
# date: 2026-11-30
# output:
#   Powertools for Python:      path annual%20report, query last year
#   FastAPI with Mangum:        path annual report, query last year
#   Powertools for TypeScript:  path annual report, query last year
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-lambda-powertools==3.37.0 mangum==0.22.0 fastapi==0.115.6
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-lambda-powertools/event-handler@2.35.0 > /dev/null

cat > event.json <<'JSON'
{
  "version": "2.0", "routeKey": "$default", "rawPath": "/files/annual%20report", "rawQueryString": "of=last%20year",
  "queryStringParameters": { "of": "last year" },
  "headers": { "host": "a.lambda-url.us-east-1.on.aws", "accept": "*/*" },
  "requestContext": {
    "accountId": "anonymous", "apiId": "a", "domainName": "a.lambda-url.us-east-1.on.aws", "domainPrefix": "a",
    "http": {
      "method": "GET", "path": "/files/annual%20report", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl"
    },
    "requestId": "1", "routeKey": "$default", "stage": "$default", "time": "30/Nov/2026:00:00:00 +0000", "timeEpoch": 1796000000000
  },
  "isBase64Encoded": false
}
JSON
cat > main.py <<'PYTHON'
import json

from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from mangum import Mangum

app = LambdaFunctionUrlResolver()
api = FastAPI()


@app.get("/files/<name>")
def powertools_file(name):
    return "path %s, query %s" % (name, app.current_event.query_string_parameters["of"])


@api.get("/files/{name}", response_class=PlainTextResponse)
def fastapi_file(name: str, of: str):
    return "path %s, query %s" % (name, of)


with open("event.json") as file:
    event = json.load(file)
print("Powertools for Python:     ", app.resolve(event, None)["body"])
print("FastAPI with Mangum:       ", Mangum(api, lifespan="off")(event, None)["body"])
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { Router } from '@aws-lambda-powertools/event-handler/http';

const app = new Router();
app.get('/files/:name', async ({ params, req }) => `path ${params.name}, query ${new URL(req.url).searchParams.get('of')}`);
const response = await app.resolve(JSON.parse(readFileSync('event.json')), {});
console.log('Powertools for TypeScript: ', JSON.parse(response.body));
JAVASCRIPT

{ venv/bin/python main.py; node main.mjs; } | tee seen
diff seen - <<'SEEN'
Powertools for Python:      path annual%20report, query last year
FastAPI with Mangum:        path annual report, query last year
Powertools for TypeScript:  path annual report, query last year
SEEN
