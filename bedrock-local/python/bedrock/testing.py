"""Helpers for unit tests of workers: a context, and a mock of `invoke`. Not part of a worker's zip."""

import contextlib
import json
import os
import time
import uuid
from typing import Any, Callable, Iterator, List, NamedTuple, Optional

from .workers import invoker


class Call(NamedTuple):
    """A call of `invoke` that a test has recorded."""

    name: str
    payload: Any
    require_response: bool


class FakeContext:
    """A context with the attributes that Lambda's Python runtime gives it."""

    def __init__(self, timeout: float = 60.0):
        name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "test")
        self.function_name = name
        self.function_version = "$LATEST"
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        self.aws_request_id = str(uuid.uuid4())
        self.log_group_name = f"/aws/lambda/{name}"
        self.log_stream_name = "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef"
        self.client_context: Any = None
        self.identity: Any = None
        self._deadline = time.monotonic() + timeout

    def get_remaining_time_in_millis(self) -> int:
        """Returns the milliseconds until the deadline, never negative."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def log(self, msg: object) -> None:
        """Writes `msg` to standard output unchanged, as on Lambda."""
        print(msg, end="")


def fake_context(timeout: float = 60.0, **attributes: Any) -> FakeContext:
    """Returns a context with `timeout` seconds left. `attributes` replace its attributes."""
    context = FakeContext(timeout)
    for name, value in attributes.items():
        setattr(context, name, value)
    return context


@contextlib.contextmanager
def mock_invoke(respond: Optional[Callable[[str, Any], Any]] = None) -> Iterator[List[Call]]:
    """Replaces `invoke` in a `with` block, which gets the list of calls.

    `respond(name, payload)` returns the response of a call, or raises. Payloads and responses are converted to JSON and
    back, as in a real call.
    """
    calls: List[Call] = []

    def send(name, body, require_response, remaining_ms):
        call = Call(name, json.loads(body), require_response)
        calls.append(call)
        response = respond(call.name, call.payload) if respond else None
        return (200 if require_response else 202), False, invoker.encode(response)

    original = invoker.transport
    invoker.transport = lambda: send
    try:
        yield calls
    finally:
        invoker.transport = original
