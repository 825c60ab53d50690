"""Carries an invocation to AWS with boto3, which Lambda's Python runtimes bring along.

One client per environment, made in the init phase where the deployment says that this function calls others, otherwise
on the first call. SDK retries are off: botocore repeats a call that timed out or whose connection broke, and the worker
would then run two or three times. Which calls are made again is decided in `retries`.
"""

import os
from _thread import allocate_lock
from time import sleep

from . import retries
from .current import longest_ms, remaining_ms
from .errors import InvocationError, not_sent, refused
from .identity import identity

# Without a deadline to go by: Lambda's longest ordinary timeout.
LONGEST_SECONDS = 900
# botocore's errors that are raised before a request is on the wire (class names: boto3 is imported late).
_NOT_CONNECTED = frozenset(("ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError"))
_NOT_SENT = _NOT_CONNECTED | {
    "NoCredentialsError",
    "NoRegionError",
    "ParamValidationError",
    "PartialCredentialsError",
    "TokenRetrievalError",
}
_client = None
_making = allocate_lock()


def send(name_or_arn, body, wait, _remaining_ms):
    """Sends one invocation, again if it surely did not begin; answers `(status, function failed, body)`."""
    from random import random  # late, like boto3, which brings it along

    made = 0
    while True:
        made += 1
        try:
            return _send_once(name_or_arn, body, wait)
        except InvocationError as error:
            left = remaining_ms()
            pause = retries.pause(error, made, None if left is None else left / 1000, random())
            if pause is None:
                raise
        sleep(pause)


def prepare():
    """Makes the client ahead of the first call, if the environment names workers to call.

    Importing boto3 takes longer than a call, and in the init phase there is more of a processor than later.
    """
    about = identity()
    prefix = about and _variable(about["app"], "")
    if prefix and any(name.startswith(prefix) for name in os.environ):
        try:
            _shared_client()
        except Exception:
            pass  # told by the first call, which tries again


def _send_once(name_or_arn, body, wait):
    try:
        client = _shared_client()
        answer = client.invoke(
            FunctionName=resolve(name_or_arn),
            InvocationType="RequestResponse" if wait else "Event",
            Payload=body,
        )
        # The body comes in after the headers, and can still break or time out.
        payload = answer["Payload"].read() if "Payload" in answer else b""
    except Exception as error:
        raise _translated(name_or_arn, error) from error
    return answer.get("StatusCode"), bool(answer.get("FunctionError")), payload


def resolve(name_or_arn):
    """What AWS knows a worker of this app by; any other name or ARN as it is.

    That is the ARN in `[APP]_WORKER_ARN_[NAME]`, or where the environment had no room for it, the function
    beside this one by the naming rule `app-stage-worker`.
    """
    about = identity()
    if about is None or name_or_arn.startswith("arn:"):
        return name_or_arn
    variable = _variable(about["app"], name_or_arn)
    return os.environ.get(variable) or _beside(about["worker"], name_or_arn) or name_or_arn


def _variable(app, name):
    return f"{app}_WORKER_ARN_{name}".replace("-", "_").upper()


def _beside(own, name):
    """The function of the worker `name`; None if it cannot be a worker's name, or this function is not named by the rule."""
    stage, dash, worker = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "").rpartition("-")
    is_worker = name.isascii() and name.isidentifier() and name.islower()
    return f"{stage}{dash}{name}" if worker == own and dash and is_worker else None


def _shared_client():
    global _client
    if _client is None:
        with _making:
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
    return boto3.client("lambda", config=config)


def _read_timeout():
    """Seconds a call may wait: all the time an invocation of this function has.

    Not what is left right now, because the client serves later invocations too, whose first call has
    everything left. Waiting past the deadline is no danger: Lambda itself ends the caller there.
    """
    full = longest_ms()
    return LONGEST_SECONDS if full is None else -(-full // 1000)


def _translated(name_or_arn, error):
    """botocore's exception as the error that `invoke` promises."""
    response = getattr(error, "response", None)
    if isinstance(response, dict) and isinstance(response.get("Error"), dict):
        code = response["Error"].get("Code") or type(error).__name__
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        told = refused(code, response["Error"].get("Message", ""), status)
        if retries.is_passing(code, status):
            told.retry_after = _seconds(response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after"))
        return told
    names = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, ImportError) or names & _NOT_SENT:
        told = not_sent(name_or_arn, error)
        told.retry_after = 0 if names & _NOT_CONNECTED else None
        return told
    kind = "Timeout" if "ReadTimeoutError" in names else "ConnectionLost"
    return InvocationError(kind, f"no answer from `{name_or_arn}`: {error}")


def _seconds(header):
    """Of a `Retry-After`; 0 if there is none, or one that is a date."""
    return int(header) if header is not None and header.strip().isdigit() else 0
