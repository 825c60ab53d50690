#!/usr/bin/env bash
# guess: OTLP over JSON is the JSON of its protobuf messages, so that protobuf's `Parse` and `MessageToJson` read and write it
# behaviour: they do not raise an error, and change each trace id: OTLP has hexadecimal ids, protobuf has Base64, and 32 hexadecimal
#   digits are valid Base64 of 24 other bytes. OpenTelemetry's exporter for JavaScript writes hexadecimal. (specification of OTLP,
#   *JSON Protobuf Encoding*)
# version: opentelemetry-proto 1.45.2 with protobuf 7.36.2 (PyPI), @opentelemetry/otlp-transformer 0.223.1 (npm)
# date: 2026-11-30
# output:
#   JavaScript writes:  5b8efff798038103d269b633813fc60c
#   protobuf reads:     24 bytes, e5bf1e7df7fbf7cd37f35d37776ebd6fadf7f35ddf73ad1c
#   protobuf writes:    W47/95gDgQPSabYzgT/GDA==
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check opentelemetry-proto==1.45.2 protobuf==7.36.2
npm install --silent --no-save --no-package-lock --ignore-scripts @opentelemetry/api@1.9.1 @opentelemetry/otlp-transformer@0.223.1 \
  @opentelemetry/resources@2.12.1 > /dev/null

cat > write.mjs <<'JAVASCRIPT'
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { emptyResource } from '@opentelemetry/resources';

const spanContext = { traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', traceFlags: 1 };
const span = {
  name: 'resize',
  kind: 1,
  spanContext: () => spanContext,
  startTime: [1796000000, 0],
  endTime: [1796000001, 0],
  status: { code: 0 },
  attributes: {},
  links: [],
  events: [],
  resource: emptyResource(),
  instrumentationScope: { name: 'f' },
};
process.stdout.write(JsonTraceSerializer.serializeRequest([span]));
JAVASCRIPT
cat > read.py <<'PYTHON'
import json
import sys

from google.protobuf.json_format import MessageToJson, Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def first(request):
    return request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"]


text = sys.stdin.read()
request = Parse(text, ExportTraceServiceRequest())
span = request.resource_spans[0].scope_spans[0].spans[0]
print("JavaScript writes: ", first(json.loads(text)))
print("protobuf reads:     %d bytes, %s" % (len(span.trace_id), span.trace_id.hex()))
span.trace_id = bytes.fromhex(first(json.loads(text)))
print("protobuf writes:   ", first(json.loads(MessageToJson(request))))
PYTHON

seen=$(node write.mjs | venv/bin/python read.py)
echo "$seen"
[ "$seen" = 'JavaScript writes:  5b8efff798038103d269b633813fc60c
protobuf reads:     24 bytes, e5bf1e7df7fbf7cd37f35d37776ebd6fadf7f35ddf73ad1c
protobuf writes:    W47/95gDgQPSabYzgT/GDA==' ]
