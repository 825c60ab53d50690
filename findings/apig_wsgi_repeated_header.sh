#!/usr/bin/env bash
# guess: a WSGI app on Lambda that sends a header twice, as `Link` and `Vary` may be, sends both: an adapter joins them with a
#   comma, because a response of payload format 2.0 has one text for each header
# behaviour: apig-wsgi keeps only the last one. Mangum, which does the same for ASGI apps, joins them. Both keep all cookies.
# version: apig-wsgi 2.20.0, mangum 0.22.0 (PyPI)
# date: 2026-11-30
# output:
#   apig-wsgi: </b>; rel=next
#   mangum:    </a>; rel=prev,</b>; rel=next
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check apig-wsgi==2.20.0 mangum==0.22.0

cat > main.py <<'PYTHON'
import apig_wsgi
import mangum

LINKS = ["</a>; rel=prev", "</b>; rel=next"]
EVENT = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/",
    "rawQueryString": "",
    "headers": {"host": "a.lambda-url.us-east-1.on.aws"},
    "requestContext": {
        "domainName": "a.lambda-url.us-east-1.on.aws",
        "http": {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl"},
        "requestId": "1",
        "stage": "$default",
        "timeEpoch": 1796000000000,
    },
    "isBase64Encoded": False,
}


def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")] + [("Link", link) for link in LINKS])
    return [b"ok"]


async def asgi(scope, receive, send):
    headers = [(b"content-type", b"text/plain")] + [(b"link", link.encode()) for link in LINKS]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


def link(handler):
    headers = handler(EVENT, None)["headers"]
    return [value for name, value in headers.items() if name.lower() == "link"]


[one] = link(apig_wsgi.make_lambda_handler(wsgi))
[joined] = link(mangum.Mangum(asgi, lifespan="off"))
print("apig-wsgi:", one)
print("mangum:   ", joined)
assert one == LINKS[1], one
assert joined == ",".join(LINKS), joined
PYTHON
venv/bin/python main.py
