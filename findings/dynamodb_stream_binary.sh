#!/usr/bin/env bash
# guess: an item has the same values in a record of a DynamoDB stream as in the table, once a library has made Python's or JavaScript's
#   types of it: numbers are numbers, sets are sets, and two bytes are two bytes
# behaviour: all types are converted except binary ones: an event is JSON, in which bytes are Base64, and Powertools, in both languages,
#   and `unmarshall` return that text, which is never equal to the value in the table. boto3's `TypeDeserializer` raises an error.
# version: aws-lambda-powertools 3.37.0 with boto3 1.44.8 (PyPI); @aws-lambda-powertools/parser 2.35.0 with zod 4.6.7,
#   @aws-sdk/util-dynamodb 3.996.9 (npm)
# date: 2026-11-30
# output:
#   table, boto3:                       tags {'a'}, key b'\x01\x02'
#   stream, boto3:                      TypeError
#   stream, Powertools for Python:      tags {'a'}, key 'AQI='
#   table, unmarshall:                  tags Set(1) { 'a' }, key Uint8Array(2) [ 1, 2 ]
#   stream, unmarshall:                 tags Set(1) { 'a' }, key 'AQI='
#   stream, Powertools for TypeScript:  tags Set(1) { 'a' }, key 'AQI='
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-lambda-powertools==3.37.0 boto3==1.44.8
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-lambda-powertools/parser@2.35.0 zod@4.6.7 \
  @aws-sdk/util-dynamodb@3.996.9 @aws-sdk/client-dynamodb@3.1169.0 > /dev/null

cat > event.json <<'JSON'
{
  "Records": [
    {
      "eventID": "1",
      "eventName": "INSERT",
      "eventVersion": "1.1",
      "eventSource": "aws:dynamodb",
      "awsRegion": "us-east-1",
      "dynamodb": {
        "ApproximateCreationDateTime": 1479499740,
        "Keys": { "id": { "N": "101" } },
        "NewImage": { "tags": { "SS": ["a"] }, "key": { "B": "AQI=" } },
        "SequenceNumber": "111",
        "SizeBytes": 26,
        "StreamViewType": "NEW_AND_OLD_IMAGES"
      },
      "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/files/stream/2026-11-30T00:00:00.000"
    }
  ]
}
JSON
cat > main.py <<'PYTHON'
import json

from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent
from boto3.dynamodb.types import Binary, TypeDeserializer


def print_item(name, image):
    try:
        item = {name: TypeDeserializer().deserialize(value) for name, value in image.items()}
    except TypeError as error:
        print("%-35s %s" % (name, type(error).__name__))
        return
    print_values(name, item)


def print_values(name, item):
    key = bytes(item["key"]) if isinstance(item["key"], Binary) else item["key"]
    print("%-35s tags %r, key %r" % (name, item["tags"], key))


with open("event.json") as file:
    event = json.load(file)
# What the client has parsed of a response of `GetItem`.
print_item("table, boto3:", {"tags": {"SS": ["a"]}, "key": {"B": b"\x01\x02"}})
print_item("stream, boto3:", event["Records"][0]["dynamodb"]["NewImage"])
print_values("stream, Powertools for Python:", next(DynamoDBStreamEvent(event).records).dynamodb.new_image)
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { DynamoDBStreamSchema } from '@aws-lambda-powertools/parser/schemas/dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';

const print = (name, { tags, key }) => console.log(name.padEnd(35), `tags ${inspect(tags)}, key ${inspect(key)}`);
const event = JSON.parse(readFileSync('event.json'));
print('table, unmarshall:', unmarshall({ tags: { SS: ['a'] }, key: { B: new Uint8Array([1, 2]) } }));
print('stream, unmarshall:', unmarshall(event.Records[0].dynamodb.NewImage));
print('stream, Powertools for TypeScript:', DynamoDBStreamSchema.parse(event).Records[0].dynamodb.NewImage);
JAVASCRIPT

{ venv/bin/python main.py; node main.mjs; } | tee seen
diff seen - <<'SEEN'
table, boto3:                       tags {'a'}, key b'\x01\x02'
stream, boto3:                      TypeError
stream, Powertools for Python:      tags {'a'}, key 'AQI='
table, unmarshall:                  tags Set(1) { 'a' }, key Uint8Array(2) [ 1, 2 ]
stream, unmarshall:                 tags Set(1) { 'a' }, key 'AQI='
stream, Powertools for TypeScript:  tags Set(1) { 'a' }, key 'AQI='
SEEN
