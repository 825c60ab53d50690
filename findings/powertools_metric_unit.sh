#!/usr/bin/env bash
# guess: Powertools keeps two values of one metric that have different units apart, converts them, or refuses the second one
# behaviour: Powertools for Python writes both values with the last unit, so that 250 milliseconds become 250 seconds in CloudWatch,
#   without a warning. Powertools for TypeScript raises an error.
# version: aws-lambda-powertools 3.37.0 (PyPI), @aws-lambda-powertools/metrics 2.36.0 (npm)
# date: 2026-11-30
# output:
#   Python:     Seconds [250.0, 2.0]
#   TypeScript: Metric "Latency" has already been added with unit "Milliseconds", but we received unit "Seconds".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-lambda-powertools==3.37.0
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-lambda-powertools/metrics@2.36.0 > /dev/null

cat > main.py <<'PYTHON'
import json

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

metrics = Metrics(namespace="shop", service="orders")
metrics.add_metric(name="Latency", unit=MetricUnit.Milliseconds, value=250)
metrics.add_metric(name="Latency", unit=MetricUnit.Seconds, value=2)
log = json.loads(json.dumps(metrics.serialize_metric_set()))
print(log["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Unit"], log["Latency"])
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';

const metrics = new Metrics({ namespace: 'shop', serviceName: 'orders' });
metrics.addMetric('Latency', MetricUnit.Milliseconds, 250);
try {
  metrics.addMetric('Latency', MetricUnit.Seconds, 2);
} catch (error) {
  console.log(error.message.split(' Did you')[0]);
}
JAVASCRIPT

python=$(venv/bin/python -W error main.py)
typescript=$(node main.mjs)
echo "Python:     $python"
echo "TypeScript: $typescript"
[ "$python" = 'Seconds [250.0, 2.0]' ]
[ "$typescript" = 'Metric "Latency" has already been added with unit "Milliseconds", but we received unit "Seconds".' ]
