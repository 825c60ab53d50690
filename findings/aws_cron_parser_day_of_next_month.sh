#!/usr/bin/env bash
# guess: a parser of EventBridge's schedules skips a day that a month does not have: `cron(0 9 31 * ? *)` is due in seven
#   months, and `cron(0 9 29 2 ? *)` in leap years
# behaviour: aws-cron-parser moves the day into the next month, so that it names March 3 and May 1 for the 31st. pyawscron
#   raises an error at the first month without the day. aws-croniter skips, as EventBridge does.
# version: aws-cron-parser 1.1.12 (npm); pyawscron 1.0.7, aws-croniter 2.1.1 (PyPI)
# date: 2026-11-30
# output:
#   0 9 31 * ? *  aws-cron-parser: 2026-01-31 2026-03-03 2026-03-31
#   0 9 29 2 ? *  aws-cron-parser: 2026-03-01 2027-03-01 2028-02-29
#   0 9 31 * ? *  pyawscron:       day is out of range for month
#   0 9 29 2 ? *  pyawscron:       day is out of range for month
#   0 9 31 * ? *  aws-croniter:    2026-01-31 2026-03-31 2026-05-31
#   0 9 29 2 ? *  aws-croniter:    2028-02-29 2032-02-29 2036-02-29
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --no-package-lock --ignore-scripts aws-cron-parser@1.1.12 > /dev/null
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyawscron==1.0.7 aws-croniter==2.1.1

cat > next.cjs <<'JAVASCRIPT'
const { next, parse } = require('aws-cron-parser');

for (const expression of ['0 9 31 * ? *', '0 9 29 2 ? *']) {
  const dates = [];
  let time = new Date('2026-01-01T00:00:00Z');
  while (dates.length < 3) {
    time = next(parse(expression), time);
    dates.push(time.toISOString().slice(0, 10));
  }
  console.log(`${expression}  aws-cron-parser: ${dates.join(' ')}`);
}
JAVASCRIPT
cat > next.py <<'PYTHON'
import datetime
import warnings

warnings.simplefilter("ignore")  # aws-croniter uses a deprecated class.
from aws_croniter import AwsCroniter
from pyawscron import AWSCron

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
PARSERS = {
    "pyawscron:      ": lambda expression: AWSCron.get_next_n_schedule(3, START, expression),
    "aws-croniter:   ": lambda expression: AwsCroniter(expression).get_next(START, 3),
}
for name, parser in PARSERS.items():
    for expression in ["0 9 31 * ? *", "0 9 29 2 ? *"]:
        try:
            result = " ".join("%s" % time.date() for time in parser(expression))
        except ValueError as error:
            result = error
        print("%s  %s %s" % (expression, name, result))
PYTHON

seen=$(node next.cjs; venv/bin/python next.py)
echo "$seen"
[ "$seen" = '0 9 31 * ? *  aws-cron-parser: 2026-01-31 2026-03-03 2026-03-31
0 9 29 2 ? *  aws-cron-parser: 2026-03-01 2027-03-01 2028-02-29
0 9 31 * ? *  pyawscron:       day is out of range for month
0 9 29 2 ? *  pyawscron:       day is out of range for month
0 9 31 * ? *  aws-croniter:    2026-01-31 2026-03-31 2026-05-31
0 9 29 2 ? *  aws-croniter:    2028-02-29 2032-02-29 2036-02-29' ]
