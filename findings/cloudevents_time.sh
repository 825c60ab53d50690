#!/usr/bin/env bash
# guess: an event that the SDK of CloudEvents reads has the attributes that were sent: `time` is optional, and one without it has none
# behaviour: the SDKs for Python and JavaScript give it the time at which it is read, as if it were new. Each delivery of one event, and each
#   service that passes it on, has another `time` for it; a comparison or a hash of two deliveries differs, and an event that has waited in a
#   queue for a day seems to be of now. A producer that sends `time` avoids it. (specification of CloudEvents, *time*)
# version: cloudevents 2.2.0 (PyPI), cloudevents 10.0.0 (npm)
# date: 2026-11-30
# output:
#   sent:        specversion, id, source, type, data
#   Python:      time of reading, the same event read again: other time
#   JavaScript:  time of reading, the same event read again: other time
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check cloudevents==2.2.0
npm install --silent --no-save --no-package-lock --ignore-scripts cloudevents@10.0.0 > /dev/null

echo '{"specversion":"1.0","id":"1","source":"/shop","type":"order.paid","data":{"order":7}}' > event.json
cat > main.py <<'PYTHON'
import time
from datetime import datetime, timezone

from cloudevents.core.bindings.http import HTTPMessage, from_http_event


def read():
    with open("event.json", "rb") as file:
        message = HTTPMessage({"content-type": "application/cloudevents+json"}, file.read())
    return from_http_event(message).get_attributes().get("time")


start = datetime.now(timezone.utc)
first = read()
time.sleep(0.01)
again = read()
kind = "no time" if first is None else "time of reading" if start <= first <= datetime.now(timezone.utc) else str(first)
print("Python:      %s, the same event read again: %s" % (kind, "same" if first == again else "other time"))
PYTHON
cat > main.mjs <<'JAVASCRIPT'
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { HTTP } from 'cloudevents';

const read = () => {
  const headers = { 'content-type': 'application/cloudevents+json' };
  return HTTP.toEvent({ headers, body: readFileSync('event.json', 'utf8') }).time;
};
const start = new Date().toISOString();
const first = read();
await setTimeout(10);
const again = read();
const isNow = first >= start && first <= new Date().toISOString();
const kind = first === undefined ? 'no time' : isNow ? 'time of reading' : first;
console.log(`JavaScript:  ${kind}, the same event read again: ${first === again ? 'same' : 'other time'}`);
JAVASCRIPT

{
  echo 'sent:        specversion, id, source, type, data'
  venv/bin/python main.py
  node main.mjs
} | tee seen
diff seen - <<'SEEN'
sent:        specversion, id, source, type, data
Python:      time of reading, the same event read again: other time
JavaScript:  time of reading, the same event read again: other time
SEEN
