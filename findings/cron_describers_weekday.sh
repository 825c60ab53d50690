#!/usr/bin/env bash
# guess: cronstrue and cron-descriptor, which recognise the expressions of six fields with `?` that EventBridge has, name the day
#   of the week that EventBridge means: 2 is Monday
# behaviour: they count as cron of Unix does, and say Tuesday, also for `#` and `L`. An option (`dayOfWeekStartIndexZero: false`,
#   `day_of_week_start_index_zero = False`) makes it right.
# version: cronstrue 3.39.0 (npm); cron-descriptor 2.2.1, aws-croniter 2.1.1 (PyPI)
# date: 2026-11-30
# output:
#   0 9 ? * 2 *    cronstrue: At 09:00 AM, only on Tuesday
#   0 9 ? * 6#3 *  cronstrue: At 09:00 AM, on the third Saturday of the month
#   0 9 ? * 2 *    cron-descriptor: At 09:00 AM, only on Tuesday
#   0 9 ? * 2 *    due on: Monday
#   0 9 ? * 6#3 *  cron-descriptor: At 09:00 AM, on the third Saturday of the month
#   0 9 ? * 6#3 *  due on: Friday
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-save --no-package-lock --ignore-scripts cronstrue@3.39.0 > /dev/null
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check cron-descriptor==2.2.1 aws-croniter==2.1.1

cat > describe.cjs <<'JAVASCRIPT'
const cronstrue = require('cronstrue');

for (const expression of ['0 9 ? * 2 *', '0 9 ? * 6#3 *']) {
  console.log(`${expression.padEnd(13)}  cronstrue: ${cronstrue.toString(expression)}`);
}
JAVASCRIPT
cat > describe.py <<'PYTHON'
import datetime
import warnings

warnings.simplefilter("ignore")  # aws-croniter uses a deprecated class.
import cron_descriptor
from aws_croniter import AwsCroniter

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
for expression in ["0 9 ? * 2 *", "0 9 ? * 6#3 *"]:
    print("%-13s  cron-descriptor: %s" % (expression, cron_descriptor.get_description(expression)))
    print("%-13s  due on: %s" % (expression, AwsCroniter(expression).get_next(START, 1)[0].strftime("%A")))
PYTHON

seen=$(node describe.cjs; venv/bin/python describe.py)
echo "$seen"
[ "$seen" = '0 9 ? * 2 *    cronstrue: At 09:00 AM, only on Tuesday
0 9 ? * 6#3 *  cronstrue: At 09:00 AM, on the third Saturday of the month
0 9 ? * 2 *    cron-descriptor: At 09:00 AM, only on Tuesday
0 9 ? * 2 *    due on: Monday
0 9 ? * 6#3 *  cron-descriptor: At 09:00 AM, on the third Saturday of the month
0 9 ? * 6#3 *  due on: Friday' ]
