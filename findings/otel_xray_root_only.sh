#!/usr/bin/env bash
# guess: OpenTelemetry's propagator for X-Ray continues each trace that the header `X-Amzn-Trace-Id` names, and does so alike in Python and
#   in JavaScript
# behaviour: it continues none whose header has only `Root`, which is what a load balancer adds to a request, nor one with `Sampled=?`, the
#   documented value for a decision that is still to be made: the trace of the function has another id than the one in the log of the load
#   balancer. A header without `Sampled` is continued in Python and not in JavaScript. AWS's X-Ray SDK keeps the id of each.
#   (user guide of load balancers, *Request tracing*; developer guide of X-Ray, *Tracing header*)
# version: opentelemetry-propagator-aws-xray 1.0.2, aws-xray-sdk 2.15.0 (PyPI); @opentelemetry/propagator-aws-xray 2.2.0 with
#   @opentelemetry/api 1.9.1 (npm)
# date: 2026-11-30
# output:
#   Root;Parent;Sampled=1  Python: continued, JavaScript: continued, X-Ray SDK: continued
#   Root;Parent            Python: continued, JavaScript: new trace, X-Ray SDK: continued
#   Root;Parent;Sampled=?  Python: new trace, JavaScript: new trace, X-Ray SDK: continued
#   Root                   Python: new trace, JavaScript: new trace, X-Ray SDK: continued
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check opentelemetry-propagator-aws-xray==1.0.2 aws-xray-sdk==2.15.0
npm install --silent --no-save --no-package-lock --ignore-scripts @opentelemetry/propagator-aws-xray@2.2.0 @opentelemetry/api@1.9.1 > /dev/null

cat > main.py <<'PYTHON'
import sys

from aws_xray_sdk.core.models.trace_header import TraceHeader
from opentelemetry import trace
from opentelemetry.propagators.aws import AwsXRayPropagator

library, header = sys.argv[1:]
if library == "X-Ray SDK":
    print(TraceHeader.from_header_str(header).root.replace("1-", "", 1).replace("-", ""))
else:
    context = AwsXRayPropagator().extract({"X-Amzn-Trace-Id": header})
    print("%032x" % trace.get_current_span(context).get_span_context().trace_id)
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { ROOT_CONTEXT, defaultTextMapGetter, trace } from '@opentelemetry/api';
import { AWSXRayPropagator } from '@opentelemetry/propagator-aws-xray';

const context = new AWSXRayPropagator().extract(ROOT_CONTEXT, { 'x-amzn-trace-id': process.argv[2] }, defaultTextMapGetter);
console.log(trace.getSpanContext(context)?.traceId);
JAVASCRIPT

id=67891233abcdef012345678912345678
result() {
  if [ "$1" = $id ]; then echo continued; else echo 'new trace'; fi
}
for header in 'Root;Parent;Sampled=1' 'Root;Parent' 'Root;Parent;Sampled=?' 'Root'; do
  full=$(echo "$header" | sed -e 's/Root/Root=1-67891233-abcdef012345678912345678/' -e 's/Parent/Parent=53995c3f42cd8ad8/')
  python=$(result "$(venv/bin/python main.py OpenTelemetry "$full")")
  javascript=$(result "$(node main.mjs "$full")")
  sdk=$(result "$(venv/bin/python main.py 'X-Ray SDK' "$full")")
  printf '%-22s Python: %s, JavaScript: %s, X-Ray SDK: %s\n' "$header" "$python" "$javascript" "$sdk"
done | tee seen
diff seen - <<'SEEN'
Root;Parent;Sampled=1  Python: continued, JavaScript: continued, X-Ray SDK: continued
Root;Parent            Python: continued, JavaScript: new trace, X-Ray SDK: continued
Root;Parent;Sampled=?  Python: new trace, JavaScript: new trace, X-Ray SDK: continued
Root                   Python: new trace, JavaScript: new trace, X-Ray SDK: continued
SEEN
