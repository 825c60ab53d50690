# Written by `cargo bedrock contracts`. Do not edit.
from typing import Optional

class InvocationError(Exception):
    """A failed invocation. `may_have_run` is False only if the worker certainly did not run."""

    error_type: str
    error_message: str
    trace: list[str]
    status: Optional[int]
    may_have_run: bool
