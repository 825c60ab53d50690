#!/usr/bin/env bash
# guess: boto3 takes a `datetime` without a time zone for local time, as Python does in `timestamp()` and `astimezone()`, so that
#   `datetime.now()` is now, and the AWS SDK for JavaScript sends the same number for `new Date('2026-11-30T12:00:00')`
# behaviour: boto3 takes it for UTC, though the times that it returns are in the time zone of the machine. On Lambda, which runs in UTC, both
#   are the same; a script or a test in Paris asks for an hour that has not been yet, or schedules an hour late. `.astimezone()`, and
#   `datetime.now(timezone.utc)`, are right.
# version: boto3 1.43.106 (PyPI), @aws-sdk/client-scheduler 3.1169.0 (npm), Node.js 20, Python 3.9 or newer
# date: 2026-11-30
# output:
#   Python, timestamp():       1796036400
#   boto3, sent:               1796040000
#   boto3, with astimezone():  1796036400
#   boto3, returned:           2026-11-30 12:00:00+01:00
#   JavaScript, sent:          1796036400
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check boto3==1.43.106
npm install --silent --no-save --no-package-lock --ignore-scripts @aws-sdk/client-scheduler@3.1169.0 > /dev/null
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 TZ=Europe/Paris
unset AWS_PROFILE AWS_ENDPOINT_URL AWS_ENDPOINT_URL_SCHEDULER HTTP_PROXY http_proxy

cat > main.py <<'PYTHON'
import json
from datetime import datetime

import boto3
from botocore.awsrequest import AWSResponse

ARN = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/report"
sent = []


class Body:
    def stream(self, **_):
        yield json.dumps({"ScheduleArn": ARN, "StartDate": 1796036400}).encode()


# In place of EventBridge Scheduler.
def answer(request, **_):
    if request.body:
        sent.append(json.loads(request.body)["StartDate"])
    return AWSResponse(request.url, 200, {"Content-Type": "application/json"}, Body())


scheduler = boto3.client("scheduler")
scheduler.meta.events.register("before-send", answer)
target = {"Arn": "arn:aws:lambda:us-east-1:123456789012:function:f", "RoleArn": "arn:aws:iam::123456789012:role/r"}
noon = datetime(2026, 11, 30, 12)
for start in [noon, noon.astimezone()]:
    scheduler.create_schedule(
        Name="report", ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target, StartDate=start
    )
print("Python, timestamp():      ", int(noon.timestamp()))
print("boto3, sent:              ", sent[0])
print("boto3, with astimezone(): ", sent[1])
print("boto3, returned:          ", scheduler.get_schedule(Name="report")["StartDate"])
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';

// In place of EventBridge Scheduler: prints what is sent, and ends the program.
const requestHandler = {
  handle: async ({ body }) => {
    console.log('JavaScript, sent:         ', JSON.parse(Buffer.from(body)).StartDate);
    process.exit();
  },
};
const Target = { Arn: 'arn:aws:lambda:us-east-1:123456789012:function:f', RoleArn: 'arn:aws:iam::123456789012:role/r' };
const schedule = { Name: 'report', ScheduleExpression: 'rate(1 day)', FlexibleTimeWindow: { Mode: 'OFF' }, Target };
const StartDate = new Date('2026-11-30T12:00:00');
await new SchedulerClient({ requestHandler }).send(new CreateScheduleCommand({ ...schedule, StartDate }));
JAVASCRIPT

{
  venv/bin/python main.py
  node main.mjs 2> stderr
} | tee seen
diff seen - <<'SEEN'
Python, timestamp():       1796036400
boto3, sent:               1796040000
boto3, with astimezone():  1796036400
boto3, returned:           2026-11-30 12:00:00+01:00
JavaScript, sent:          1796036400
SEEN
