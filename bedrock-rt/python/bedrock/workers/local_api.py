"""Carries an invocation to the app's local Lambda Invoke API over HTTP, one kept-alive connection per thread.

A request is sent again only when the first one surely never reached the server whole.
"""

import json
import os
import select
import socket
import urllib.parse
from _thread import _local
from http.client import HTTPConnection, HTTPException

from .current import CURRENT
from .errors import InvocationError, not_sent, refused

# For callers without a deadline: Lambda's longest function and a little for the way back.
NO_DEADLINE_SECONDS = 905

_thread = _local()


def send(name_or_arn, body, wait, remaining_ms):
    """Sends one invocation; answers `(status, function failed, body)`."""
    seconds = NO_DEADLINE_SECONDS if remaining_ms is None else remaining_ms / 1000
    path, headers = _request(name_or_arn, wait)
    try:
        connection, fresh = _connection(name_or_arn, seconds)
        try:
            connection.request("POST", path, body, headers)
        except OSError as error:
            if fresh or isinstance(error, socket.timeout):
                raise not_sent(name_or_arn, error) from error
            # An old connection that broke before it took the whole request: the server cannot have acted on it.
            _drop()
            connection, _ = _connection(name_or_arn, seconds)
            try:
                connection.request("POST", path, body, headers)
            except OSError as again:
                raise not_sent(name_or_arn, again) from again
        response, answer = _answer(connection, name_or_arn, seconds)
    except BaseException:
        # What is left of a broken exchange must not become the answer to the next call.
        _drop()
        raise
    if response.will_close:
        _drop()
    if response.status >= 300:
        raise _refusal(response, answer)
    return response.status, response.getheader("X-Amz-Function-Error") is not None, answer


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
    base = urllib.parse.urlsplit(_endpoint(name_or_arn)).path.rstrip("/")
    name = urllib.parse.quote(name_or_arn, safe="")
    return f"{base}/2015-03-31/functions/{name}/invocations", headers


def _endpoint(name_or_arn):
    address = os.environ.get("AWS_ENDPOINT_URL_LAMBDA")
    if not address:
        raise not_sent(name_or_arn, "`AWS_ENDPOINT_URL_LAMBDA` is not set")
    return address


def _connection(name_or_arn, seconds):
    """This thread's connection and whether it is new; `seconds` limits every wait on it."""
    connection = getattr(_thread, "connection", None)
    if connection is not None:
        if _alive(connection.sock):
            connection.sock.settimeout(seconds)
            return connection, False
        _drop()
    address = urllib.parse.urlsplit(_endpoint(name_or_arn))
    connection = HTTPConnection(address.hostname, address.port or 80, timeout=seconds)
    try:
        connection.connect()
        # Without it a kept-alive call waits 40 ms for a delayed acknowledgement.
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        raise not_sent(name_or_arn, error) from error
    _thread.connection = connection
    return connection, True


def _alive(sock):
    """False when the server has closed an idle connection: seen now, it costs no doubt later."""
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


# A forked child would otherwise talk on its parent's connection, and each could read the other's answers.
os.register_at_fork(after_in_child=_drop)


def _answer(connection, name_or_arn, seconds):
    try:
        response = connection.getresponse()
        if response.length is None and not response.chunked:
            # `http.client` takes a head that breaks off for a whole one, and would call this an empty answer.
            raise HTTPException("the head of the answer broke off")
        return response, response.read()
    except socket.timeout as error:
        raise InvocationError("Timeout", f"`{name_or_arn}` did not answer within {seconds:.3f} s") from error
    except (OSError, HTTPException) as error:
        reason = str(error) or type(error).__name__
        raise InvocationError("ConnectionLost", f"no answer from `{name_or_arn}`: {reason}") from error


def _refusal(response, body):
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        answer = {"message": body.decode("utf-8", "replace")}
    # AWS may append a colon and an address to the name.
    kind = (response.getheader("x-amzn-ErrorType") or "").split(":")[0]
    message = answer.get("message") or answer.get("Message") or ""
    return refused(kind or answer.get("Type") or f"HTTP {response.status}", str(message), response.status)
