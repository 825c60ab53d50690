#!/usr/bin/env bash
# guess: the state of a tumbling window is what the function returned for the batch before, in each library that has types for events;
#   sums and counts are what windows are for
# behaviour: aws_lambda_events has only texts in the state, and refuses an event with a number; so does Powertools for TypeScript
#   for DynamoDB, but not for Kinesis. The first batch of a window, whose state is empty, is accepted, so that a test with one event
#   passes. Powertools for Python accepts both.
# version: aws_lambda_events 1.2.1 (crates.io), aws-lambda-powertools 3.37.0 (PyPI), @aws-lambda-powertools/parser 2.35.0 with zod 4.6.7
#   (npm)
# date: 2026-11-30
# output:
#   aws_lambda_events, kinesis:            {}: read, {"sum":997}: invalid type: integer `997`, expected a string
#   aws_lambda_events, dynamodb:           {}: read, {"sum":997}: invalid type: integer `997`, expected a string
#   Powertools for TypeScript, kinesis:    {}: read, {"sum":997}: read
#   Powertools for TypeScript, dynamodb:   {}: read, {"sum":997}: Invalid input: expected string, received number
#   Powertools for Python, kinesis:        {}: read, {"sum":997}: read
#   Powertools for Python, dynamodb:       {}: read, {"sum":997}: read
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > Cargo.toml <<'TOML'
[package]
name = "window"
version = "0.1.0"
edition = "2021"

[dependencies]
aws_lambda_events = { version = "=1.2.1", default-features = false, features = ["dynamodb", "kinesis"] }
serde_json = "1"
TOML
mkdir src
cat > src/main.rs <<'RUST'
use aws_lambda_events::event::{dynamodb, kinesis};
use serde_json::{from_str, from_value, Value};

fn main() {
    let text = std::fs::read_to_string("events.json").unwrap();
    for (service, events) in from_str::<serde_json::Map<String, Value>>(&text).unwrap() {
        let mut results = Vec::new();
        for event in events.as_array().unwrap() {
            let result = match service.as_str() {
                "kinesis" => from_value::<kinesis::KinesisTimeWindowEvent>(event.clone()).map(|_| ()),
                _ => from_value::<dynamodb::TimeWindowEvent>(event.clone()).map(|_| ()),
            };
            let result = result.map_or_else(|error| error.to_string(), |()| "read".to_owned());
            results.push(format!("{}: {result}", event["state"]));
        }
        println!("{:<38} {}", format!("aws_lambda_events, {service}:"), results.join(", "));
    }
}
RUST
cargo build --quiet &
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check 'aws-lambda-powertools[parser]==3.37.0'
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-lambda-powertools/parser@2.35.0 zod@4.6.7 > /dev/null
wait "$!"

cat > events.py <<'PYTHON'
"""Prints two events of a window for each service: the first one, and one with the state that the function returned."""
import json

kinesis = {
    "kinesis": {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": "1",
        "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
        "data": "SGVsbG8=",
        "approximateArrivalTimestamp": 1545084650.987,
    },
    "eventSource": "aws:kinesis",
    "eventVersion": "1.0",
    "eventID": "shardId-000000000006:49590338271490256608559692538361571095921575989136588898",
    "eventName": "aws:kinesis:record",
    "invokeIdentityArn": "arn:aws:iam::123456789012:role/reader",
    "awsRegion": "us-east-2",
    "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/orders",
}
dynamodb = {
    "eventID": "1",
    "eventName": "INSERT",
    "eventVersion": "1.1",
    "eventSource": "aws:dynamodb",
    "awsRegion": "us-east-2",
    "dynamodb": {
        "ApproximateCreationDateTime": 1479499740,
        "Keys": {"Id": {"N": "101"}},
        "NewImage": {"Id": {"N": "101"}},
        "SequenceNumber": "111",
        "SizeBytes": 26,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    },
    "eventSourceARN": "arn:aws:dynamodb:us-east-2:123456789012:table/orders/stream/2026-11-30T00:00:00.000",
}
window = {
    "window": {"start": "2026-11-30T17:00:00Z", "end": "2026-11-30T17:05:00Z"},
    "shardId": "shardId-000000000006",
    "isFinalInvokeForWindow": False,
    "isWindowTerminatedEarly": False,
}
events = {}
for service, record in {"kinesis": kinesis, "dynamodb": dynamodb}.items():
    arn = {"eventSourceARN": record["eventSourceARN"]}
    events[service] = [{"Records": [record], **window, **arn, "state": state} for state in ({}, {"sum": 997})]
print(json.dumps(events))
PYTHON
cat > main.py <<'PYTHON'
import json

from aws_lambda_powertools.utilities.parser.models import DynamoDBStreamModel, KinesisDataStreamModel

with open("events.json") as file:
    events = json.load(file)
for service, model in {"kinesis": KinesisDataStreamModel, "dynamodb": DynamoDBStreamModel}.items():
    results = []
    for event in events[service]:
        model.model_validate(event)
        results.append("%s: read" % json.dumps(event["state"]).replace(" ", ""))
    print("%-38s %s" % ("Powertools for Python, %s:" % service, ", ".join(results)))
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { DynamoDBStreamSchema } from '@aws-lambda-powertools/parser/schemas/dynamodb';
import { KinesisDataStreamSchema } from '@aws-lambda-powertools/parser/schemas/kinesis';

const events = JSON.parse(readFileSync('events.json'));
for (const [service, schema] of Object.entries({ kinesis: KinesisDataStreamSchema, dynamodb: DynamoDBStreamSchema })) {
  const results = events[service].map((event) => {
    const result = schema.safeParse(event);
    return `${JSON.stringify(event.state)}: ${result.success ? 'read' : result.error.issues[0].message}`;
  });
  console.log(`Powertools for TypeScript, ${service}:`.padEnd(38), results.join(', '));
}
JAVASCRIPT

python3 events.py > events.json
{ target/debug/window | sort -r; node main.mjs; venv/bin/python main.py; } | tee seen
diff seen - <<'SEEN'
aws_lambda_events, kinesis:            {}: read, {"sum":997}: invalid type: integer `997`, expected a string
aws_lambda_events, dynamodb:           {}: read, {"sum":997}: invalid type: integer `997`, expected a string
Powertools for TypeScript, kinesis:    {}: read, {"sum":997}: read
Powertools for TypeScript, dynamodb:   {}: read, {"sum":997}: Invalid input: expected string, received number
Powertools for Python, kinesis:        {}: read, {"sum":997}: read
Powertools for Python, dynamodb:       {}: read, {"sum":997}: read
SEEN
