"""Sends invocations to AWS with boto3, which Lambda's Python runtimes contain.

There is one client per environment. It is created during init if the deployment says that this function calls others,
otherwise on the first call. The SDK's retries are disabled: botocore repeats a call that timed out or whose connection
broke, and the worker would then run two or three times. `retry` decides which calls are retried.
"""

import os
from _thread import allocate_lock
from time import sleep

from . import retry
from .errors import InvocationError, not_sent, service_error
from .identity import arn_variable, identity
from .worker import max_remaining_ms, remaining_ms

# Used without a deadline: the longest ordinary timeout of a Lambda function.
MAX_TIMEOUT_SECONDS = 1800
# The silence of a connection after which the kernel probes it.
PROBE_SECONDS = 60
# botocore's errors that are raised before a request is written (class names, because boto3 is imported late).
_NOT_CONNECTED = frozenset(("ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError"))
_NOT_SENT = _NOT_CONNECTED | {
    "NoCredentialsError",
    "NoRegionError",
    "ParamValidationError",
    "PartialCredentialsError",
    "TokenRetrievalError",
}
_client = None
_client_lock = allocate_lock()


def send(name_or_arn, body, wait, _remaining_ms):
    """Sends one invocation, with retries if it certainly did not run. Returns `(status, function failed, body)`."""
    from random import random  # imported late, like boto3, which imports it too

    attempts_made = 0
    while True:
        attempts_made += 1
        try:
            return _send_once(name_or_arn, body, wait)
        except InvocationError as error:
            remaining = remaining_ms()
            delay = retry.delay(error, attempts_made, None if remaining is None else remaining / 1000, random())
            if delay is None:
                raise
        sleep(delay)


def create_client_early():
    """Creates the client before the first call.

    Importing boto3 takes longer than a call, and during init the function has more CPU than later.
    """
    try:
        _shared_client()
    except Exception:
        pass  # the first call tries again and reports the error


def _send_once(name_or_arn, body, wait):
    try:
        client = _shared_client()
        response = client.invoke(
            FunctionName=resolve(name_or_arn),
            InvocationType="RequestResponse" if wait else "Event",
            Payload=body,
        )
        # The body is read after the headers, which can still fail or time out.
        payload = response["Payload"].read() if "Payload" in response else b""
    except Exception as error:
        raise _convert_error(name_or_arn, error) from error
    return response.get("StatusCode"), bool(response.get("FunctionError")), payload


def resolve(name_or_arn):
    """Returns the function of a worker of this app. Any other name or ARN is not changed.

    The function is the ARN in `[APP]_WORKER_ARN_[NAME]`, or, if the environment had no space for it, the function in
    the same app and stage by the naming rule `app-stage-worker`.
    """
    worker_info = identity()
    if worker_info is None or name_or_arn.startswith("arn:"):
        return name_or_arn
    variable = arn_variable(worker_info["app"], name_or_arn)
    return os.environ.get(variable) or _sibling_function(worker_info["worker"], name_or_arn) or name_or_arn


def _sibling_function(own_worker, name):
    """Returns the function of the worker `name`. None if it is not a valid worker name, or if this function is not
    named by the rule.
    """
    stage, dash, worker = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "").rpartition("-")
    is_worker = name.isascii() and name.isidentifier() and name.islower()
    return f"{stage}{dash}{name}{_qualifier()}" if worker == own_worker and dash and is_worker else None


def _qualifier():
    """Returns the alias of the version in use. Empty if this function is not published: it may belong to a deployment
    without aliases.
    """
    return ":live" if os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST") != "$LATEST" else ""


def _shared_client():
    global _client
    if _client is None:
        with _client_lock:
            if _client is None:
                _client = _new_client()
    return _client


def _new_client():
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"total_max_attempts": 1},
        read_timeout=_read_timeout(),
        tcp_keepalive=True,
    )
    client = boto3.client("lambda", config=config)
    _probe_idle_connections(client)
    return client


def _probe_idle_connections(client):
    """Makes the kernel probe connections that are silent for a minute.

    A NAT gateway forgets a connection that is silent for 350 seconds, and the response of a longer call never arrives.
    `tcp_keepalive` only switches the probes on: without this, the first one is sent after two hours. botocore has no
    public setting for it, so the options are left alone if a later version keeps them elsewhere.
    """
    import socket

    session = getattr(getattr(client, "_endpoint", None), "http_session", None)
    options = getattr(session, "_socket_options", None)
    if isinstance(options, list):
        for name, seconds in (("TCP_KEEPIDLE", PROBE_SECONDS), ("TCP_KEEPINTVL", PROBE_SECONDS)):
            if hasattr(socket, name):
                options.append((socket.IPPROTO_TCP, getattr(socket, name), seconds))


def _read_timeout():
    """Returns the read timeout in seconds: the complete timeout of this function.

    Not the time that remains now, because the client is also used by later invocations, whose first call has the
    complete time. Waiting past the deadline does no harm: Lambda ends the caller there.
    """
    max_remaining = max_remaining_ms()
    return MAX_TIMEOUT_SECONDS if max_remaining is None else -(-max_remaining // 1000)


def _convert_error(name_or_arn, error):
    """Converts botocore's exception to an `InvocationError`."""
    response = getattr(error, "response", None)
    if isinstance(response, dict) and isinstance(response.get("Error"), dict):
        code = response["Error"].get("Code") or type(error).__name__
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        invocation_error = service_error(code, response["Error"].get("Message", ""), status)
        if retry.is_transient(code, status):
            headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
            invocation_error.retry_after = _seconds(headers.get("retry-after"))
        return invocation_error
    names = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, ImportError) or names & _NOT_SENT:
        invocation_error = not_sent(name_or_arn, error)
        invocation_error.retry_after = 0 if names & _NOT_CONNECTED else None
        return invocation_error
    kind = "Timeout" if "ReadTimeoutError" in names else "ConnectionLost"
    return InvocationError(kind, f"no response from `{name_or_arn}`: {error}")


def _seconds(header):
    """Returns the seconds of a `Retry-After` header, or 0 if there is none or it is a date."""
    return int(header) if header is not None and header.strip().isdigit() else 0
