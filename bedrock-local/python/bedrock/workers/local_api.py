"""Sends requests to the app's local Lambda API over HTTP, with one persistent connection per thread.

A request is only retried if the server certainly did not receive it completely.
"""

import json
import os
import select
import socket
import urllib.parse
from _thread import _local
from http.client import HTTPConnection, HTTPException

from .errors import InvocationError, not_sent, service_error
from .worker import CURRENT

# Timeout of callers without a deadline: Lambda's longest timeout and some time for the response.
NO_DEADLINE_SECONDS = 905

_thread = _local()


def send(name_or_arn, body, wait, remaining_ms):
    """Sends one invocation. Returns `(status, function failed, body)`."""
    seconds = NO_DEADLINE_SECONDS if remaining_ms is None else remaining_ms / 1000
    path, headers = _request(name_or_arn, wait)
    response, response_body = exchange(name_or_arn, "POST", path, body, headers, seconds)
    if response.status >= 300:
        raise _service_error(response, response_body)
    return response.status, response.getheader("X-Amz-Function-Error") is not None, response_body


def exchange(name_or_arn, method, path, body, headers, seconds):
    """Sends one request. Returns the response and its body. `name_or_arn` is the worker in the messages of errors."""
    try:
        connection, is_new = _connection(name_or_arn, seconds)
        try:
            connection.request(method, path, body, headers)
        except OSError as error:
            if is_new or isinstance(error, socket.timeout):
                raise not_sent(name_or_arn, error) from error
            # A reused connection that failed before the request was written completely: the server cannot have acted on
            # it.
            _drop()
            connection, _ = _connection(name_or_arn, seconds)
            try:
                connection.request(method, path, body, headers)
            except OSError as retry_error:
                raise not_sent(name_or_arn, retry_error) from retry_error
        response, response_body = _read_response(connection, name_or_arn, seconds)
    except BaseException:
        # The rest of a failed exchange must not become the response to the next call.
        _drop()
        raise
    if response.will_close:
        _drop()
    return response, response_body


def _request(name_or_arn, wait):
    headers = {
        "Content-Type": "application/json",
        "X-Amz-Invocation-Type": "RequestResponse" if wait else "Event",
        "Authorization": "Bedrock " + os.environ.get("AWS_ACCESS_KEY_ID", ""),
    }
    context = CURRENT.get()
    trace = getattr(context, "trace_header", None)
    if trace:
        headers["X-Amzn-Trace-Id"] = trace
    deadline = getattr(context, "_epoch_deadline_time_in_ms", None)
    if deadline is not None:
        headers["X-Bedrock-Deadline-Ms"] = str(deadline)
    base = base_path(name_or_arn)
    name = urllib.parse.quote(name_or_arn, safe="")
    return f"{base}/2015-03-31/functions/{name}/invocations", headers


def base_path(name_or_arn):
    """Returns the path of the API on its address, which is usually empty."""
    return urllib.parse.urlsplit(_endpoint(name_or_arn)).path.rstrip("/")


def _endpoint(name_or_arn):
    address = os.environ.get("AWS_ENDPOINT_URL_LAMBDA")
    if not address:
        raise not_sent(
            name_or_arn, "no app is running: start `cargo bedrock dev`, or use `bedrock.testing.mock_invoke` in a test"
        )
    return address


def _connection(name_or_arn, seconds):
    """Returns this thread's connection and whether it is new. `seconds` is the timeout of each operation on it."""
    connection = getattr(_thread, "connection", None)
    if connection is not None:
        if _is_open(connection.sock):
            connection.sock.settimeout(seconds)
            return connection, False
        _drop()
    address = urllib.parse.urlsplit(_endpoint(name_or_arn))
    connection = HTTPConnection(address.hostname, address.port or 80, timeout=seconds)
    try:
        connection.connect()
        # Otherwise a call on a reused connection waits 40 ms for a delayed acknowledgement.
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        raise not_sent(name_or_arn, error) from error
    _thread.connection = connection
    return connection, True


def _is_open(sock):
    """Returns False if the server has closed an idle connection. Noticed now, nothing has been sent on it."""
    if sock is None:
        return False
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return not poll.poll(0)


def _drop():
    connection = getattr(_thread, "connection", None)
    if connection is not None:
        _thread.connection = None
        connection.close()


# A forked child would otherwise use its parent's connection, and each could read the other's responses.
os.register_at_fork(after_in_child=_drop)


def _read_response(connection, name_or_arn, seconds):
    try:
        response = connection.getresponse()
        if response.length is None and not response.chunked:
            # `http.client` accepts an incomplete header as complete, and would report an empty response.
            raise HTTPException("the header of the response is incomplete")
        return response, response.read()
    except socket.timeout as error:
        raise InvocationError("Timeout", f"`{name_or_arn}` did not respond within {seconds:.3f} s") from error
    except (OSError, HTTPException) as error:
        reason = str(error) or type(error).__name__
        raise InvocationError("ConnectionLost", f"no response from `{name_or_arn}`: {reason}") from error


def _service_error(response, body):
    return service_error(*error_of(response, body), response.status)


def error_of(response, body):
    """Returns the exception that an AWS SDK would raise, and its message."""
    try:
        response_body = json.loads(body)
    except ValueError:
        response_body = None
    if not isinstance(response_body, dict):
        response_body = {"message": body.decode("utf-8", "replace")}
    # AWS may append a colon and a URL to the name.
    kind = (response.getheader("x-amzn-ErrorType") or "").split(":")[0]
    message = response_body.get("message") or response_body.get("Message") or ""
    return kind or response_body.get("Type") or f"HTTP {response.status}", str(message)
