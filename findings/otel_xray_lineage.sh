#!/usr/bin/env bash
# guess: OpenTelemetry's propagator for X-Ray passes the header `X-Amzn-Trace-Id` on with all its fields, and only replaces `Parent`
# behaviour: it drops `Lineage`, which Lambda and other services append for their own use (developer guide of X-Ray), in Python and
#   in JavaScript. AWS's X-Ray SDK keeps it. Calls with boto3 are not affected: boto3 takes the header from the environment.
# version: opentelemetry-propagator-aws-xray 1.0.2, aws-xray-sdk 2.15.0 (PyPI); @opentelemetry/propagator-aws-xray 2.2.0 (npm)
# date: 2026-11-30
# output:
#   received:                      Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=25:a87bd80c:1
#   OpenTelemetry for Python:      Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1
#   OpenTelemetry for JavaScript:  Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1
#   X-Ray SDK for Python:          Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=25:a87bd80c:1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check opentelemetry-propagator-aws-xray==1.0.2 aws-xray-sdk==2.15.0
npm install --silent --no-save --no-package-lock --ignore-scripts @opentelemetry/api@1.9.1 \
  @opentelemetry/propagator-aws-xray@2.2.0 > /dev/null

cat > otel.py <<'PYTHON'
import sys

from opentelemetry.propagators.aws import AwsXRayPropagator

propagator, headers = AwsXRayPropagator(), {}
propagator.inject(headers, propagator.extract({"X-Amzn-Trace-Id": sys.argv[1]}))
print(headers["X-Amzn-Trace-Id"])
PYTHON
cat > otel.mjs <<'JAVASCRIPT'
import { defaultTextMapGetter, defaultTextMapSetter, ROOT_CONTEXT } from '@opentelemetry/api';
import { AWSXRayPropagator } from '@opentelemetry/propagator-aws-xray';

const propagator = new AWSXRayPropagator();
const received = { 'x-amzn-trace-id': process.argv[2] };
const sent = {};
propagator.inject(propagator.extract(ROOT_CONTEXT, received, defaultTextMapGetter), sent, defaultTextMapSetter);
console.log(sent['x-amzn-trace-id']);
JAVASCRIPT
cat > xray.py <<'PYTHON'
import sys

from aws_xray_sdk.core.models.trace_header import TraceHeader

print(TraceHeader.from_header_str(sys.argv[1]).to_header_str())
PYTHON

without='Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
received="$without;Lineage=25:a87bd80c:1"
python=$(venv/bin/python otel.py "$received")
javascript=$(node otel.mjs "$received")
xray=$(venv/bin/python xray.py "$received")
echo "received:                      $received"
echo "OpenTelemetry for Python:      $python"
echo "OpenTelemetry for JavaScript:  $javascript"
echo "X-Ray SDK for Python:          $xray"
[ "$python" = "$without" ]
[ "$javascript" = "$without" ]
[ "$xray" = "$received" ]
