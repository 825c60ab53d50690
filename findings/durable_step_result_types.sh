#!/usr/bin/env bash
# guess: a step of a durable function returns what its code returned, at least until the execution is resumed: a `Date` in JavaScript,
#   as the types of TypeScript say, and a dictionary with its keys in Python, where the SDK stores dates, tuples and decimals with their
#   types
# behaviour: both SDKs return the result as it is after storing it, from the first run on. In JavaScript a `Date` is a text, a `Map`
#   is `{}` and `NaN` is `null`, and the compiler does not notice; in Python a `datetime` and a tuple stay what they are, but the keys of
#   a dictionary become texts, and a named tuple loses its names.
# version: aws-durable-execution-sdk-python 3.0.0 (PyPI, Python 3.11 or newer), @aws/durable-execution-sdk-js 2.4.0 (npm)
# date: 2026-11-30
# output:
#   Python:     datetime: same, (1, 2): same, {2026: 1}: {'2026': 1}, Point(x=1, y=2): (1, 2)
#   JavaScript: Date: "2026-11-30T00:00:00.000Z", Map: {}, NaN: null
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check aws-durable-execution-sdk-python==3.0.0
npm install --silent --no-audit --no-fund @aws/durable-execution-sdk-js@2.4.0 > /dev/null

cat > event.json <<'JSON'
{
  "DurableExecutionArn": "arn:aws:lambda:us-east-1:123456789012:function:f:1/durable-execution/a/b",
  "CheckpointToken": "t",
  "InitialExecutionState": {
    "Operations": [
      { "Id": "b", "Type": "EXECUTION", "Status": "STARTED", "StartTimestamp": 1796000000000, "ExecutionDetails": { "InputPayload": "{}" } }
    ]
  }
}
JSON
cat > main.py <<'PYTHON'
import collections
import datetime
import json
import types

from aws_durable_execution_sdk_python import durable_execution

Point = collections.namedtuple("Point", "x y")
values = {"datetime": datetime.datetime(2026, 11, 30), "(1, 2)": (1, 2), "{2026: 1}": {2026: 1}, "Point(x=1, y=2)": Point(1, 2)}
seen = []


def steps(event, context):
    for name, value in values.items():
        result = context.step(lambda _, value=value: value)
        seen.append("%s: %s" % (name, "same" if type(result) is type(value) and result == value else result))


# In place of Lambda: accepts each checkpoint.
client = types.SimpleNamespace(checkpoint_durable_execution=lambda **_: {"CheckpointToken": "next"})
context = types.SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 60000)
with open("event.json") as file:
    durable_execution(steps, boto3_client=client)(json.load(file), context)
print(", ".join(seen))
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { withDurableExecution } from '@aws/durable-execution-sdk-js';

const values = { Date: new Date('2026-11-30'), Map: new Map([['a', 1]]), NaN: NaN };
const seen = [];
const steps = async (event, context) => {
  for (const [name, value] of Object.entries(values)) {
    const result = await context.step(async () => value);
    if (Object.is(result, value)) throw new Error('the same value');
    seen.push(`${name}: ${JSON.stringify(result)}`);
  }
};
// In place of Lambda: accepts each checkpoint.
const durableExecutionClient = {
  getExecutionState: async () => ({ Operations: [] }),
  checkpoint: async () => ({ CheckpointToken: 'next', NewExecutionState: { Operations: [] } }),
};
const handler = withDurableExecution(steps, { durableExecutionClient });
await handler(JSON.parse(readFileSync('event.json')), { awsRequestId: '1', getRemainingTimeInMillis: () => 60_000 });
console.log(seen.join(', '));
process.exit();
JAVASCRIPT

python=$(venv/bin/python main.py 2> /dev/null)
# The SDK writes its log, one JSON object per line, to the same stream.
javascript=$(node main.mjs | grep -v '^{')
echo "Python:     $python"
echo "JavaScript: $javascript"
[ "$python" = "datetime: same, (1, 2): same, {2026: 1}: {'2026': 1}, Point(x=1, y=2): (1, 2)" ]
[ "$javascript" = 'Date: "2026-11-30T00:00:00.000Z", Map: {}, NaN: null' ]
