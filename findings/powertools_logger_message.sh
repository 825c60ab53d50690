#!/usr/bin/env bash
# guess: the message of a log line is the text that the code logs, in Powertools for Python as in Powertools for TypeScript
# behaviour: in Python it is what the text is as JSON: an order number becomes a number, and a query for the text does not find it; an
#   id such as `1e3` becomes 1000.0, so that the log does not contain the id; `5e1000` is written as `Infinity`, and the line is not
#   valid JSON. A text with one more word is a text.
# version: aws-lambda-powertools 3.37.0 (PyPI), @aws-lambda-powertools/logger 2.36.0 (npm)
# date: 2026-11-30
# output:
#   Python:     12345 1000.0 Infinity true "order 12345"
#   TypeScript: "12345" "1e3" "5e1000" "true" "order 12345"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-lambda-powertools==3.37.0
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-lambda-powertools/logger@2.36.0 > /dev/null

cat > main.py <<'PYTHON'
import sys

from aws_lambda_powertools import Logger

logger = Logger(service="orders")
for text in sys.argv[1:]:
    logger.info(text)
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { Logger } from '@aws-lambda-powertools/logger';

const logger = new Logger({ serviceName: 'orders' });
for (const text of process.argv.slice(2)) logger.info(text);
JAVASCRIPT

texts=(12345 1e3 5e1000 true 'order 12345')
messages() { sed 's/.*"message":\(.*\),"timestamp".*/\1/' | paste -sd ' '; }
python=$(venv/bin/python main.py "${texts[@]}" | messages)
typescript=$(node main.mjs "${texts[@]}" | messages)
echo "Python:     $python"
echo "TypeScript: $typescript"
[ "$python" = '12345 1000.0 Infinity true "order 12345"' ]
[ "$typescript" = '"12345" "1e3" "5e1000" "true" "order 12345"' ]
