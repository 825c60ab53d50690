#!/usr/bin/env bash
# guess: a library that has a type for a queue with notifications of S3 reads each message that S3 puts into that queue
# behaviour: it does not read the first one, `s3:TestEvent`, which S3 sends when the notification is configured and which has no `Records`: the
#   models of Powertools in both languages refuse it, and with it the whole batch, so that the first invocation fails and the
#   message ends in the dead-letter queue. `S3Event` of Powertools for Python, given only the body, fails at `records`.
#   (user guide of S3, *Event message structure*)
# version: aws-lambda-powertools 3.37.0 with pydantic 2.13.5 (PyPI); @aws-lambda-powertools/parser 2.35.0 with zod 4.6.7 (npm)
# date: 2026-11-30
# output:
#   Python:     an object: a.txt, s3:TestEvent: refused, both: refused
#   S3Event:    an object: a.txt, s3:TestEvent: KeyError
#   TypeScript: an object: a.txt, s3:TestEvent: refused, both: refused
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-lambda-powertools==3.37.0 pydantic==2.13.5
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-lambda-powertools/parser@2.35.0 zod@4.6.7 > /dev/null

# Writes the events of SQS for a notification, for the test message, and for both.
cat > events.py <<'PYTHON'
import json

created = {
    "eventVersion": "2.1",
    "eventSource": "aws:s3",
    "awsRegion": "us-east-1",
    "eventTime": "2026-11-30T12:00:00.000Z",
    "eventName": "ObjectCreated:Put",
    "userIdentity": {"principalId": "AWS:A"},
    "requestParameters": {"sourceIPAddress": "192.0.2.1"},
    "responseElements": {"x-amz-request-id": "1", "x-amz-id-2": "2"},
    "s3": {
        "s3SchemaVersion": "1.0",
        "configurationId": "reports",
        "bucket": {"name": "reports", "ownerIdentity": {"principalId": "A"}, "arn": "arn:aws:s3:::reports"},
        "object": {"key": "a.txt", "size": 3, "eTag": "0cc175b9c0f1b6a831c399e269772661", "sequencer": "0055AED6DCD90281E5"},
    },
}
test = {
    "Service": "Amazon S3",
    "Event": "s3:TestEvent",
    "Time": "2026-11-30T11:00:00.000Z",
    "Bucket": "reports",
    "RequestId": "1",
    "HostId": "2",
}


def record(body):
    return {
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "r",
        "body": json.dumps(body),
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1545082649183",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1545082649185",
        },
        "messageAttributes": {},
        "md5OfBody": "098f6bcd4621d373cade4e832627b4f6",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:reports",
        "awsRegion": "us-east-1",
    }


object_message, test_message = record({"Records": [created]}), record(test)
events = {"an object": [object_message], "s3:TestEvent": [test_message], "both": [test_message, object_message]}
print(json.dumps({name: {"Records": records} for name, records in events.items()}))
PYTHON
python3 events.py > events.json
cat > main.py <<'PYTHON'
import json

from aws_lambda_powertools.utilities.data_classes import S3Event
from aws_lambda_powertools.utilities.parser.models import S3SqsEventNotificationModel
from pydantic import ValidationError

with open("events.json") as file:
    events = json.load(file)


def model(event):
    try:
        return S3SqsEventNotificationModel.model_validate(event).Records[-1].body.Records[0].s3.object.key
    except ValidationError:
        return "refused"


def data_class(event):
    try:
        return next(S3Event(json.loads(event["Records"][0]["body"])).records).s3.get_object.key
    except KeyError:
        return "KeyError"


print("Python:    ", ", ".join("%s: %s" % (name, model(event)) for name, event in events.items()))
print("S3Event:   ", ", ".join("%s: %s" % (name, data_class(events[name])) for name in ["an object", "s3:TestEvent"]))
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { S3SqsEventNotificationSchema } from '@aws-lambda-powertools/parser/schemas/s3';

const outcomes = Object.entries(JSON.parse(readFileSync('events.json'))).map(([name, event]) => {
  const { data } = S3SqsEventNotificationSchema.safeParse(event);
  return `${name}: ${data ? data.Records.at(-1).body.Records[0].s3.object.key : 'refused'}`;
});
console.log('TypeScript:', outcomes.join(', '));
JAVASCRIPT

{
  venv/bin/python main.py
  node main.mjs
} | tee seen
diff seen - <<'SEEN'
Python:     an object: a.txt, s3:TestEvent: refused, both: refused
S3Event:    an object: a.txt, s3:TestEvent: KeyError
TypeScript: an object: a.txt, s3:TestEvent: refused, both: refused
SEEN
