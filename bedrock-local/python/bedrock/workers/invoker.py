"""`invoke`: calls a worker or any other Lambda function from a worker.

Checks and encodes the payload. `local_api` (locally) and `lambda_api` (on AWS) send it.
"""

import os

from .errors import InvocationError, function_error
from .worker import remaining_ms

__all__ = ["InvocationError", "invoke"]

# Lambda's limits of the request body of Invoke.
MAX_SYNC_BYTES = 6 * 1024 * 1024
MAX_ASYNC_BYTES = 1024 * 1024


def invoke(name_or_arn, payload, require_response=False):
    """Invokes a worker by name, or any Lambda function by name or ARN.

    Returns the decoded response with `require_response`, otherwise None as soon as the event is accepted. Raises
    TypeError or ValueError for a payload that JSON cannot represent, InvocationError for everything else.
    """
    if not isinstance(name_or_arn, str) or not name_or_arn:
        raise TypeError(f"the first argument of `invoke` is a worker's name or ARN, not {name_or_arn!r}")
    body = encode(payload)
    check_size(name_or_arn, len(body), require_response)
    remaining = remaining_ms()
    if remaining is not None and remaining <= 0:
        raise InvocationError(
            "Timeout", f"`{name_or_arn}` was not called: the caller has no time left", may_have_run=False
        )
    status, function_failed, response = transport()(name_or_arn, body, require_response, remaining)
    if function_failed:
        raise function_error(response, status)
    return decode(name_or_arn, response, status) if require_response else None


def transport():
    """Returns the function that sends a request: `(name_or_arn, body, wait, remaining_ms) -> (status, failed,
    body)`.
    """
    if os.environ.get("BEDROCK_LOCAL") == "1":
        from .local_api import send
    else:
        from .lambda_api import send
    return send


def encode(payload):
    """Returns `payload` as JSON bytes. Raises TypeError or ValueError if JSON cannot represent it."""
    import json  # imported late, like the transports, so that importing `invoke` does not slow down a cold start

    try:
        # UTF-8 instead of \\\\u escapes: the limits count bytes, and an escape takes up to three times as many.
        text = json.dumps(payload, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise ValueError("the payload is nested too deeply for JSON") from None
    return text.encode("utf-8")


def decode(name_or_arn, response, status):
    """Returns the decoded response. An empty one is None."""
    if not response:
        return None
    import json

    try:
        return json.loads(response)
    except (ValueError, RecursionError) as error:
        raise InvocationError(
            "InvalidResponse", f"the response of `{name_or_arn}` is not JSON: {error}", status=status
        ) from None


def check_size(name_or_arn, size, wait):
    """Rejects a payload that Lambda would reject, before it is sent."""
    limit = MAX_SYNC_BYTES if wait else MAX_ASYNC_BYTES
    if size > limit:
        kind = "with" if wait else "without"
        raise InvocationError(
            "RequestTooLargeException",
            f"the payload for `{name_or_arn}` has {size} bytes, the limit {kind} a response is {limit} bytes",
            status=413,
            may_have_run=False,
        )
