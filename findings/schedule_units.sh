#!/usr/bin/env bash
# guess: a schedule that an emulator of AWS accepts for a rule is one that EventBridge accepts: both emulators check the expression, and refuse
#   `rate(90 seconds)`
# behaviour: both accept `rate(1 minutes)` and `rate(5 minute)`, whose unit EventBridge demands in the right number. moto does not look into
#   `cron(…)`, and so accepts `*` for the day of the month and of the week, where EventBridge demands a `?`, and five fields. Such a schedule
#   passes the tests and fails the deployment. (user guide of EventBridge, *Setting a schedule pattern*)
# version: moto 5.2.5, ministack 1.5.33, boto3 1.43.106 (PyPI)
# date: 2026-11-30
# output:
#   rate(5 minutes)    moto: accepted, ministack: accepted, EventBridge's guide: valid
#   rate(90 seconds)   moto: refused, ministack: refused, EventBridge's guide: not valid
#   rate(1 minutes)    moto: accepted, ministack: accepted, EventBridge's guide: not valid
#   rate(5 minute)     moto: accepted, ministack: accepted, EventBridge's guide: not valid
#   cron(0 9 * * * *)  moto: accepted, ministack: refused, EventBridge's guide: not valid
#   cron(0 9 * * ?)    moto: accepted, ministack: refused, EventBridge's guide: not valid
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check 'moto[events]==5.2.5' ministack==1.5.33 boto3==1.43.106
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1
unset AWS_PROFILE AWS_ENDPOINT_URL AWS_ENDPOINT_URL_EVENTBRIDGE HTTP_PROXY http_proxy

cat > main.py <<'PYTHON'
import os
import socket
import subprocess
import sys
import time

import boto3
import moto
from botocore.exceptions import ClientError

# Whether the user guide allows each.
EXPRESSIONS = {
    "rate(5 minutes)": "valid",
    "rate(90 seconds)": "not valid",
    "rate(1 minutes)": "not valid",
    "rate(5 minute)": "not valid",
    "cron(0 9 * * * *)": "not valid",
    "cron(0 9 * * ?)": "not valid",
}


def answers(endpoint_url=None):
    events = boto3.client("events", endpoint_url=endpoint_url)
    seen = []
    for expression in EXPRESSIONS:
        try:
            events.put_rule(Name="report", ScheduleExpression=expression)
            seen.append("accepted")
        except ClientError:
            seen.append("refused")
    return seen


with moto.mock_aws():
    of_moto = answers()
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
environment = {**os.environ, "GATEWAY_PORT": str(port)}
emulator = subprocess.Popen([sys.executable, "-m", "ministack"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)
    of_ministack = answers("http://127.0.0.1:%d" % port)
finally:
    emulator.terminate()
    emulator.wait()
for (expression, guide), moto_says, ministack_says in zip(EXPRESSIONS.items(), of_moto, of_ministack):
    print("%-18s moto: %s, ministack: %s, EventBridge's guide: %s" % (expression, moto_says, ministack_says, guide))
PYTHON

venv/bin/python main.py | tee seen
diff seen - <<'SEEN'
rate(5 minutes)    moto: accepted, ministack: accepted, EventBridge's guide: valid
rate(90 seconds)   moto: refused, ministack: refused, EventBridge's guide: not valid
rate(1 minutes)    moto: accepted, ministack: accepted, EventBridge's guide: not valid
rate(5 minute)     moto: accepted, ministack: accepted, EventBridge's guide: not valid
cron(0 9 * * * *)  moto: accepted, ministack: refused, EventBridge's guide: not valid
cron(0 9 * * ?)    moto: accepted, ministack: refused, EventBridge's guide: not valid
SEEN
