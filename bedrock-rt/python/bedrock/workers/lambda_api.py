"""Carries an invocation to AWS with boto3, which Lambda's Python runtimes bring along.

One client per environment, made on the first call. SDK retries are off: botocore repeats a call that
timed out or whose connection broke, and the worker would then run two or three times.
"""

import os
from _thread import allocate_lock

from .current import longest_ms
from .errors import InvocationError, not_sent, refused
from .identity import identity

# Without a deadline to go by: Lambda's longest ordinary timeout.
LONGEST_SECONDS = 900
# botocore's errors that are raised before a request is on the wire (class names: boto3 is imported late).
_NOT_SENT = frozenset(
    (
        "ConnectTimeoutError",
        "EndpointConnectionError",
        "NoCredentialsError",
        "NoRegionError",
        "ParamValidationError",
        "PartialCredentialsError",
        "ProxyConnectionError",
        "TokenRetrievalError",
    )
)
_client = None
_making = allocate_lock()


def send(name_or_arn, body, wait, remaining_ms):
    """Sends one invocation; answers `(status, function failed, body)`."""
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
    variable = f"{about['app']}_WORKER_ARN_{name_or_arn}".replace("-", "_").upper()
    return os.environ.get(variable) or _beside(about["worker"], name_or_arn) or name_or_arn


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
        return refused(code, response["Error"].get("Message", ""), status)
    names = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, ImportError) or names & _NOT_SENT:
        return not_sent(name_or_arn, error)
    kind = "Timeout" if "ReadTimeoutError" in names else "ConnectionLost"
    return InvocationError(kind, f"no answer from `{name_or_arn}`: {error}")
