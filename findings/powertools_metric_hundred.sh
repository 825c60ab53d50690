#!/usr/bin/env bash
# guess: Powertools may write the values of a metric in several lines, as CloudWatch allows 100 in one, but each value has the dimensions that the
#   code added before it
# behaviour: in TypeScript the line of the first 100 values clears the dimensions, so that the values after them are another metric in CloudWatch,
#   without `route`: sums, counts and alarms of the route miss them, only in invocations with more than 100 values, as for a batch. In Python
#   each line has them.
# version: @aws-lambda-powertools/metrics 2.36.0 (npm), aws-lambda-powertools 3.37.0 (PyPI)
# date: 2026-11-30
# output:
#   TypeScript: 100 values with route, service; 20 values with service
#   Python:     100 values with route, service; 20 values with route, service
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-lambda-powertools==3.37.0
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-lambda-powertools/metrics@2.36.0 > /dev/null
unset POWERTOOLS_METRICS_DISABLED POWERTOOLS_DEV POWERTOOLS_METRICS_FUNCTION_NAME

cat > main.mjs <<'JAVASCRIPT'
import { Metrics } from '@aws-lambda-powertools/metrics';

const metrics = new Metrics({ namespace: 'shop', serviceName: 'orders' });
metrics.addDimension('route', '/orders');
for (let order = 0; order < 120; order++) metrics.addMetric('Total', 'Count', order);
metrics.publishStoredMetrics();
JAVASCRIPT
cat > main.py <<'PYTHON'
from aws_lambda_powertools import Metrics

metrics = Metrics(namespace="shop", service="orders")
metrics.add_dimension("route", "/orders")
for order in range(120):
    metrics.add_metric("Total", "Count", order)
metrics.flush_metrics()
PYTHON
cat > show.py <<'PYTHON'
import json
import sys

lines = []
for line in map(json.loads, sys.stdin):
    dimensions = line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]
    lines.append("%d values with %s" % (len(line["Total"]), ", ".join(sorted(dimensions))))
print("; ".join(lines))
PYTHON

{
  echo "TypeScript: $(node main.mjs | python3 show.py)"
  echo "Python:     $(venv/bin/python main.py | python3 show.py)"
} | tee seen
diff seen - <<'SEEN'
TypeScript: 100 values with route, service; 20 values with service
Python:     100 values with route, service; 20 values with route, service
SEEN
