#!/usr/bin/env bash
# guess: a log line in JSON has each key once: a field that the code calls `level`, as that of a customer, is left out or replaces the logger's
#   own
# behaviour: pino writes the key twice. Readers in Python and JavaScript keep the last one, so that the failed payment of a `gold` customer is no
#   error for a filter by level; no specification says which one counts. winston and Powertools leave the field out, Powertools with a
#   warning. With its option `nestedKey` pino has the fields in an object of their own.
# version: pino 10.4.0, winston 3.19.0, @aws-lambda-powertools/logger 2.36.0 (npm)
# date: 2026-11-30
# output:
#   pino         "level":50 "level":"gold", read as gold
#   winston      "level":"error", read as error
#   Powertools   "level":"ERROR", read as ERROR
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --no-package-lock --ignore-scripts pino@10.4.0 winston@3.19.0 @aws-lambda-powertools/logger@2.36.0 > /dev/null
unset POWERTOOLS_LOG_LEVEL AWS_LAMBDA_LOG_LEVEL POWERTOOLS_DEV
cat > main.mjs <<'JAVASCRIPT'
import { Logger } from '@aws-lambda-powertools/logger';
import { pino } from 'pino';
import winston from 'winston';

const loggers = {
  pino: () => pino().error({ level: 'gold' }, 'payment failed'),
  winston: () => {
    const transports = [new winston.transports.Console()];
    winston.createLogger({ format: winston.format.json(), transports }).error('payment failed', { level: 'gold' });
  },
  Powertools: () => new Logger({ serviceName: 'shop' }).error('payment failed', { level: 'gold' }),
};
loggers[process.argv[2]]();
JAVASCRIPT
cat > show.py <<'PYTHON'
import json
import re
import sys

line = next(line for line in sys.stdin if "payment failed" in line)
members = re.findall('"level":(?:"[A-Za-z]*"|[0-9]+)', line)
print("%-12s %s, read as %s" % (sys.argv[1], " ".join(members), json.loads(line)["level"]))
PYTHON

{
  node main.mjs pino | python3 show.py pino
  node main.mjs winston | python3 show.py winston
  node main.mjs Powertools 2>&1 | python3 show.py Powertools
} | tee seen
diff seen - <<'SEEN'
pino         "level":50 "level":"gold", read as gold
winston      "level":"error", read as error
Powertools   "level":"ERROR", read as ERROR
SEEN
