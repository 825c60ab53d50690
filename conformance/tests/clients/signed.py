"""Sends requests to a function URL that botocore signs, one after the other, and prints each response as a line of JSON.

Input: a JSON list of requests with `address`, `method`, `url` and `body`; `key` is null for a request without a
signature. `presigned` puts the signature into the query. `change` replaces the body after it was signed.
"""

import http.client
import json
import sys
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def send(request):
    """Returns status, headers and body of the response."""
    headers = {"content-type": "text/plain"} if request["body"] else {}
    signed = AWSRequest(request["method"], request["url"], headers, request["body"].encode())
    if request.get("key"):
        credentials = Credentials(request["key"], request["secret"])
        auth = SigV4QueryAuth if request.get("presigned") else SigV4Auth
        auth(credentials, request["service"], "us-east-1").add_auth(signed)
    url = urlsplit(signed.url)
    connection = http.client.HTTPConnection(request["address"])
    headers = {"host": url.netloc, **dict(signed.headers)}
    body = request.get("change", request["body"]).encode()
    connection.request(request["method"], f"{url.path}?{url.query}" if url.query else url.path, body, headers)
    response = connection.getresponse()
    names = {name.lower(): value for name, value in response.getheaders()}
    return {"status": response.status, "headers": names, "body": response.read().decode()}


for each in json.load(sys.stdin):
    print(json.dumps(send(each)), flush=True)
