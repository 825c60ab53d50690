#!/usr/bin/env bash
# guess: Powertools gives the key of an object in an S3 event in one form: decoded, as `S3Event.object_key` is
# behaviour: only `S3Event.object_key`, which looks at the first record, decodes. The key of a record of the same class, and those of
#   the model for pydantic and of the schema for zod, are as S3 sends them, with `+` for a space: `get_object` does not find them.
# version: aws-lambda-powertools 3.37.0 (PyPI), @aws-lambda-powertools/parser 2.35.0 with zod 4.6.7 (npm)
# date: 2026-11-30
# output:
#   event.object_key:           images/a b.png
#   record.s3.get_object.key:   images/a+b.png
#   S3Model for pydantic:       images/a+b.png
#   S3Schema for zod:           images/a+b.png
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check 'aws-lambda-powertools[parser]==3.37.0'
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-lambda-powertools/parser@2.35.0 zod@4.6.7 > /dev/null

cat > event.json <<'JSON'
{
  "Records": [
    {
      "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1", "eventTime": "2026-11-30T00:00:00.000Z",
      "eventName": "ObjectCreated:Put", "userIdentity": { "principalId": "A" },
      "requestParameters": { "sourceIPAddress": "192.0.2.1" },
      "responseElements": { "x-amz-request-id": "A", "x-amz-id-2": "B" },
      "s3": {
        "s3SchemaVersion": "1.0", "configurationId": "c",
        "bucket": { "name": "uploads", "ownerIdentity": { "principalId": "A" }, "arn": "arn:aws:s3:::uploads" },
        "object": { "key": "images/a+b.png", "size": 5, "eTag": "5d41402abc4b2a76b9719d911017c592", "sequencer": "00066" }
      }
    }
  ]
}
JSON
cat > main.py <<'PYTHON'
import json

from aws_lambda_powertools.utilities.data_classes import S3Event
from aws_lambda_powertools.utilities.parser.models import S3Model

with open("event.json") as file:
    data = json.load(file)
event = S3Event(data)
record = next(event.records)
print("event.object_key:          ", event.object_key)
print("record.s3.get_object.key:  ", record.s3.get_object.key)
print("S3Model for pydantic:      ", S3Model.model_validate(data).Records[0].s3.object.key)
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { S3Schema } from '@aws-lambda-powertools/parser/schemas/s3';

console.log(`S3Schema for zod:           ${S3Schema.parse(JSON.parse(readFileSync('event.json'))).Records[0].s3.object.key}`);
JAVASCRIPT

seen=$(venv/bin/python main.py; node main.mjs)
echo "$seen"
[ "$seen" = 'event.object_key:           images/a b.png
record.s3.get_object.key:   images/a+b.png
S3Model for pydantic:       images/a+b.png
S3Schema for zod:           images/a+b.png' ]
