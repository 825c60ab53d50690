#!/usr/bin/env bash
# guess: the parsers of Powertools decode Base64, so that a record of Kinesis with three bytes of protobuf has three bytes, in each language
# behaviour: Powertools for TypeScript makes a text of them, in which a byte that is no UTF-8 is U+FFFD: what was sent cannot be restored; and
#   if the text is JSON, that value, so that an id of digits is a number, a large one rounded. The schema for Firehose does the first
#   too. In Powertools for Python a record of Kinesis has the bytes, and the model for Kafka refuses the whole batch.
#   `Records[].kinesis.data` of the event itself has everything, in Base64.
# version: @aws-lambda-powertools/parser 2.35.0 with zod 4.6.7 (npm); aws-lambda-powertools 3.37.0 with pydantic 2.13.5 (PyPI)
# date: 2026-11-30
# output:
#   sent: bytes 08 96 01
#   TypeScript, Kinesis:  text 08 ef bf bd 01
#   TypeScript, Firehose: text 08 ef bf bd 01
#   Python, Kinesis:      bytes 08 96 01
#   Python, Kafka:        refused
#   sent: bytes 9007199254740993
#   TypeScript, Kinesis:  number 9007199254740992
#   TypeScript, Firehose: text 9007199254740993
#   Python, Kinesis:      bytes 9007199254740993
#   Python, Kafka:        text 9007199254740993
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-lambda-powertools==3.37.0 pydantic==2.13.5
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-lambda-powertools/parser@2.35.0 zod@4.6.7 > /dev/null

# Writes the event of each service for a record.
cat > events.py <<'PYTHON'
import json
import sys

data = sys.argv[1]
arn = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
kinesis = {
    "kinesis": {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": "1",
        "sequenceNumber": "4",
        "data": data,
        "approximateArrivalTimestamp": 1545084650.987,
    },
    "eventSource": "aws:kinesis",
    "eventVersion": "1.0",
    "eventID": "shardId-000000000006:4",
    "eventName": "aws:kinesis:record",
    "invokeIdentityArn": "arn:aws:iam::123456789012:role/r",
    "awsRegion": "us-east-1",
    "eventSourceARN": arn,
}
firehose = {
    "invocationId": "1",
    "deliveryStreamArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/s",
    "region": "us-east-1",
    "records": [{"recordId": "1", "approximateArrivalTimestamp": 1510772160000, "data": data}],
}
record = {
    "topic": "t",
    "partition": 0,
    "offset": 1,
    "timestamp": 1545084650987,
    "timestampType": "CREATE_TIME",
    "key": "MQ==",
    "value": data,
    "headers": [],
}
kafka = {
    "eventSource": "aws:kafka",
    "eventSourceArn": "arn:aws:kafka:us-east-1:123456789012:cluster/c/1",
    "bootstrapServers": "b-1:9092",
    "records": {"t-0": [record]},
}
print(json.dumps({"kinesis": {"Records": [kinesis]}, "firehose": firehose, "kafka": kafka}))
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { KinesisDataStreamSchema, KinesisFirehoseSchema } from '@aws-lambda-powertools/parser/schemas';

const events = JSON.parse(readFileSync('events.json'));
const show = (value) => {
  if (typeof value !== 'string') return `${typeof value} ${value}`;
  const isPrintable = /^[ -~]*$/.test(value);
  return `text ${isPrintable ? value : Buffer.from(value).toString('hex').replace(/..(?!$)/g, '$& ')}`;
};
console.log('TypeScript, Kinesis: ', show(KinesisDataStreamSchema.parse(events.kinesis).Records[0].kinesis.data));
console.log('TypeScript, Firehose:', show(KinesisFirehoseSchema.parse(events.firehose).records[0].data));
JAVASCRIPT
cat > main.py <<'PYTHON'
import json

from aws_lambda_powertools.utilities.parser.models import KafkaMskEventModel, KinesisDataStreamModel


def show(value):
    if isinstance(value, str):
        return "text %s" % value
    return "bytes %s" % (value.decode() if value.isdigit() else value.hex(" "))


with open("events.json") as file:
    events = json.load(file)
print("Python, Kinesis:     ", show(KinesisDataStreamModel.model_validate(events["kinesis"]).Records[0].kinesis.data))
try:
    value = show(KafkaMskEventModel.model_validate(events["kafka"]).records["t-0"][0].value)
except ValueError:
    value = "refused"
print("Python, Kafka:       ", value)
PYTHON

see() {
  echo "sent: bytes $1"
  python3 events.py "$2" > events.json
  node main.mjs
  venv/bin/python main.py
}
{
  see '08 96 01' CJYB
  see 9007199254740993 OTAwNzE5OTI1NDc0MDk5Mw==
} | tee seen
diff seen - <<'SEEN'
sent: bytes 08 96 01
TypeScript, Kinesis:  text 08 ef bf bd 01
TypeScript, Firehose: text 08 ef bf bd 01
Python, Kinesis:      bytes 08 96 01
Python, Kafka:        refused
sent: bytes 9007199254740993
TypeScript, Kinesis:  number 9007199254740992
TypeScript, Firehose: text 9007199254740993
Python, Kinesis:      bytes 9007199254740993
Python, Kafka:        text 9007199254740993
SEEN
