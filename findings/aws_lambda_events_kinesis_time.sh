#!/usr/bin/env bash
# guess: a Kinesis event that a Rust function reads into the type of aws_lambda_events and passes on, to a queue or another function,
#   is the event that Lambda sent
# behaviour: `approximateArrivalTimestamp`, a number of seconds, is written as a text, and a member is added (`encryptionType`). The
#   type itself reads that again; Powertools for TypeScript refuses it, and JavaScript that adds to it gets a longer text.
# version: aws_lambda_events 1.2.1 (crates.io), @aws-lambda-powertools/parser 2.35.0 with zod 4.6.7 (npm)
# date: 2026-11-30
# output:
#   Lambda:                    "approximateArrivalTimestamp":1545084650.987
#   aws_lambda_events:         "approximateArrivalTimestamp":"1545084650.987"
#   aws_lambda_events again:   read
#   Powertools for TypeScript: Invalid input: expected number, received string
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > Cargo.toml <<'TOML'
[package]
name = "forward"
version = "0.1.0"
edition = "2021"

[dependencies]
aws_lambda_events = { version = "=1.2.1", default-features = false, features = ["kinesis"] }
serde_json = "1"
TOML
mkdir src
cat > src/main.rs <<'RUST'
use aws_lambda_events::event::kinesis::KinesisEvent;

fn main() {
    let event: KinesisEvent = serde_json::from_reader(std::io::stdin()).unwrap();
    println!("{}", serde_json::to_string(&event).unwrap());
}
RUST
cargo build --quiet &
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-lambda-powertools/parser@2.35.0 zod@4.6.7 > /dev/null
wait "$!"

cat > event.json <<'JSON'
{
  "Records": [
    {
      "kinesis": {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": "1",
        "sequenceNumber": "49590338271490256608559692538361571095921575989136588898",
        "data": "SGVsbG8=",
        "approximateArrivalTimestamp": 1545084650.987
      },
      "eventSource": "aws:kinesis",
      "eventVersion": "1.0",
      "eventID": "shardId-000000000006:49590338271490256608559692538361571095921575989136588898",
      "eventName": "aws:kinesis:record",
      "invokeIdentityArn": "arn:aws:iam::123456789012:role/reader",
      "awsRegion": "us-east-2",
      "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/orders"
    }
  ]
}
JSON
cat > main.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { KinesisDataStreamSchema } from '@aws-lambda-powertools/parser/schemas/kinesis';

const result = KinesisDataStreamSchema.safeParse(JSON.parse(readFileSync(process.argv[2])));
console.log(result.success ? 'read' : result.error.issues[0].message);
JAVASCRIPT

target/debug/forward < event.json > forwarded.json
[ "$(node main.mjs event.json)" = read ]
arrival() { tr -d ' \n' < "$1" | grep -o '"approximateArrivalTimestamp":[^,}]*'; }
{
  echo "Lambda:                    $(arrival event.json)"
  echo "aws_lambda_events:         $(arrival forwarded.json)"
  echo "aws_lambda_events again:   $(target/debug/forward < forwarded.json > again.json && echo read)"
  echo "Powertools for TypeScript: $(node main.mjs forwarded.json)"
} | tee seen
diff seen - <<'SEEN'
Lambda:                    "approximateArrivalTimestamp":1545084650.987
aws_lambda_events:         "approximateArrivalTimestamp":"1545084650.987"
aws_lambda_events again:   read
Powertools for TypeScript: Invalid input: expected number, received string
SEEN
