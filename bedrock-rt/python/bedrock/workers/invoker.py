"""`invoke`: calls a worker, or any other Lambda function, from inside a worker.

Checks and encodes the payload; carrying it is left to `local_api` (this machine) and `lambda_api` (AWS).
"""

import os

from .current import remaining_ms
from .errors import InvocationError, function_error

__all__ = ["InvocationError", "invoke"]

# Lambda's own limits on the request body of Invoke.
MAX_SYNC_BYTES = 6 * 1024 * 1024
MAX_ASYNC_BYTES = 1024 * 1024


def invoke(name_or_arn, payload, require_response=False):
    """Invokes a worker by name, or any Lambda function by name or ARN.

    Returns the decoded response with `require_response`, otherwise None as soon as the call is accepted.
    Raises TypeError or ValueError for a payload that JSON cannot hold, InvocationError for everything else.
    """
    if not isinstance(name_or_arn, str) or not name_or_arn:
        raise TypeError(f"the first argument of `invoke` is a worker's name or ARN, not {name_or_arn!r}")
    body = encode(payload)
    check_size(name_or_arn, len(body), require_response)
    left = remaining_ms()
    if left is not None and left <= 0:
        raise InvocationError(
            "Timeout", f"`{name_or_arn}` was not called: the caller has no time left", may_have_run=False
        )
    status, function_failed, answer = transport()(name_or_arn, body, require_response, left)
    if function_failed:
        raise function_error(answer, status)
    return decode(name_or_arn, answer, status) if require_response else None


def transport():
    """The function that carries a call: `(name_or_arn, body, wait, remaining_ms) -> (status, failed, answer)`."""
    if os.environ.get("BEDROCK_LOCAL") == "1":
        from .local_api import send
    else:
        from .lambda_api import send
    return send


def encode(payload):
    """JSON bytes of `payload`; a TypeError or ValueError where JSON has no word for it."""
    import json  # late, like the transports: importing `invoke` costs a worker's cold start nothing

    try:
        # Real UTF-8, not \\u escapes: the limits count bytes, and an escape takes up to three times as many.
        text = json.dumps(payload, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise ValueError("the payload is nested too deeply for JSON") from None
    return text.encode("utf-8")


def decode(name_or_arn, answer, status):
    """The response as Python objects; an empty one is None."""
    if not answer:
        return None
    import json

    try:
        return json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise InvocationError(
            "InvalidResponse", f"the response of `{name_or_arn}` is not JSON: {error}", status=status
        ) from None


def check_size(name_or_arn, size, wait):
    """Refuses what Lambda would refuse, before it crosses the wire."""
    limit = MAX_SYNC_BYTES if wait else MAX_ASYNC_BYTES
    if size > limit:
        kind = "with" if wait else "without"
        raise InvocationError(
            "RequestTooLargeException",
            f"the payload for `{name_or_arn}` has {size} bytes, an invocation {kind} a response takes at most {limit}",
            status=413,
            may_have_run=False,
        )
