#!/usr/bin/env bash
# guess: a library that signs requests to a function URL (`AWS_IAM`) for requests or httpx makes the signature that AWS's SDK makes: Signature
#   Version 4 is specified, so that one that works for `/orders?page=1` works for each URL
# behaviour: three of four do not, for ordinary URLs: aws-requests-auth sorts `name=value` and not the names, so that `page-size=10` comes
#   before `page=1`; httpx-auth-awssigv4 does not sort, and requests-auth-aws-sigv4 loses repeated names; both encode the path once and
#   not twice. AWS compares with its own signature and refuses such a request. requests-aws4auth signs as botocore does.
#   (user guide of IAM, *Create a signed AWS API request*)
# version: botocore 1.43.106, requests-aws4auth 1.4.0, aws-requests-auth 0.4.3, requests-auth-aws-sigv4 0.7 with requests 2.34.2,
#   httpx-auth-awssigv4 0.1.4 with httpx 0.28.1 (PyPI)
# date: 2026-11-30
# output:
#   /orders?page=1             aws4auth: same, aws-requests-auth: same, requests-auth-aws-sigv4: same, httpx-auth-awssigv4: same
#   /orders?page=1&page-size=5 aws4auth: same, aws-requests-auth: other, requests-auth-aws-sigv4: same, httpx-auth-awssigv4: same
#   /orders?q=ink&city=Paris   aws4auth: same, aws-requests-auth: same, requests-auth-aws-sigv4: same, httpx-auth-awssigv4: other
#   /orders?id=1&id=2          aws4auth: same, aws-requests-auth: same, requests-auth-aws-sigv4: other, httpx-auth-awssigv4: same
#   /files/annual%20report     aws4auth: same, aws-requests-auth: same, requests-auth-aws-sigv4: other, httpx-auth-awssigv4: other
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check botocore==1.43.106 requests==2.34.2 requests-aws4auth==1.4.0 \
  aws-requests-auth==0.4.3 requests-auth-aws-sigv4==0.7 httpx==0.28.1 httpx-auth-awssigv4==0.1.4

cat > main.py <<'PYTHON'
import re
from http.client import HTTPMessage

import httpx
import requests
from aws_requests_auth.aws_auth import AWSRequestsAuth
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from httpx_auth_awssigv4 import SigV4Auth as HttpxAuth
from requests_auth_aws_sigv4 import AWSSigV4
from requests_aws4auth import AWS4Auth

HOST = "abc.lambda-url.us-east-1.on.aws"
KEY, SECRET, SERVICE, REGION = "key", "secret", "lambda", "us-east-1"


def expected(url, headers):
    """The signature that botocore makes for a URL at the same time and over the same headers."""
    signed = HTTPMessage()
    for name in re.search("SignedHeaders=([^,]*)", headers["authorization"])[1].split(";"):
        signed[name] = headers.get(name, HOST)
    kept = [(name, value) for name, value in signed.items() if name != "host"]
    request = AWSRequest("GET", url, headers=dict(kept))
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials(KEY, SECRET), SERVICE, REGION)
    signer.headers_to_sign = lambda _: signed
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)


def compare(request):
    headers = {name.lower(): value for name, value in request.headers.items()}
    signature = re.search("Signature=([0-9a-f]*)", headers["authorization"])[1]
    return "same" if signature == expected(str(request.url), headers) else "other"


signers = {
    "aws4auth": AWS4Auth(KEY, SECRET, REGION, SERVICE),
    "aws-requests-auth": AWSRequestsAuth(KEY, SECRET, HOST, REGION, SERVICE),
    "requests-auth-aws-sigv4": AWSSigV4(SERVICE, region=REGION, aws_access_key_id=KEY, aws_secret_access_key=SECRET),
}
paths = ["/orders?page=1", "/orders?page=1&page-size=5", "/orders?q=ink&city=Paris", "/orders?id=1&id=2", "/files/annual%20report"]
for path in paths:
    url = "https://%s%s" % (HOST, path)
    seen = ["%s: %s" % (name, compare(requests.Request("GET", url, auth=auth).prepare())) for name, auth in signers.items()]
    request = HttpxAuth(KEY, SECRET, SERVICE, REGION)(httpx.Request("GET", url))
    print("%-26s" % path, ", ".join(seen + ["httpx-auth-awssigv4: %s" % compare(request)]))
PYTHON

venv/bin/python main.py | tee seen
diff seen - <<'SEEN'
/orders?page=1             aws4auth: same, aws-requests-auth: same, requests-auth-aws-sigv4: same, httpx-auth-awssigv4: same
/orders?page=1&page-size=5 aws4auth: same, aws-requests-auth: other, requests-auth-aws-sigv4: same, httpx-auth-awssigv4: same
/orders?q=ink&city=Paris   aws4auth: same, aws-requests-auth: same, requests-auth-aws-sigv4: same, httpx-auth-awssigv4: other
/orders?id=1&id=2          aws4auth: same, aws-requests-auth: same, requests-auth-aws-sigv4: other, httpx-auth-awssigv4: same
/files/annual%20report     aws4auth: same, aws-requests-auth: same, requests-auth-aws-sigv4: other, httpx-auth-awssigv4: other
SEEN
