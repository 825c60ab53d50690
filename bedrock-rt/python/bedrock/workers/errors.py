"""The one error that `invoke` raises for anything that goes wrong after the payload was accepted."""

# 5xx answers that name why the function could not be started; after any other 5xx it may have run.
_NOT_STARTED = frozenset(
    (
        "EC2AccessDeniedException",
        "EC2ThrottledException",
        "EC2UnexpectedException",
        "ENILimitReachedException",
        "ENINotReadyException",
        "InvalidRuntimeException",
        "InvalidSecurityGroupIDException",
        "InvalidSubnetIDException",
        "InvalidZipFileException",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "ResourceNotReadyException",
        "SubnetIPAddressLimitReachedException",
    )
)


class InvocationError(Exception):
    """An invocation that failed.

    error_type     the class name the worker reported, or AWS's name of the refusal
    error_message  the message that belongs to it
    trace          the worker's stack trace as a list of strings, empty when there is none
    status         the HTTP status, or None when no answer came
    may_have_run   False only when the worker surely did not run, so that calling again is safe
    """

    def __init__(self, error_type, error_message, trace=(), status=None, may_have_run=True):
        super().__init__(f"{error_type}: {error_message}" if error_message else error_type)
        self.error_type = error_type
        self.error_message = error_message
        self.trace = list(trace)
        self.status = status
        self.may_have_run = may_have_run
        # Seconds to wait at least before another attempt; None if it would fare no better.
        self.retry_after = None

    def __reduce__(self):
        # Exceptions are rebuilt from `args`, which here is only the finished sentence.
        return type(self), (self.error_type, self.error_message, self.trace, self.status, self.may_have_run)


def refused(error_type, error_message, status):
    """The error for an answer of the Invoke API itself, where no function reported anything."""
    may_have_run = status is None or (status >= 500 and error_type not in _NOT_STARTED)
    return InvocationError(error_type, error_message, (), status, may_have_run)


def not_sent(name_or_arn, error, error_type="ConnectFailed"):
    """The error for a call that never left this process whole."""
    return InvocationError(error_type, f"`{name_or_arn}` was not called: {error}", may_have_run=False)


def function_error(body, status):
    """The error a worker answered with; Python, Node and Rust shapes, or any other text."""
    import json  # late: a worker that calls nobody never needs it

    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        text = answer if isinstance(answer, str) else bytes(body).decode("utf-8", "replace")
        return InvocationError("Unknown", text, (), status)
    trace = answer.get("stackTrace") or answer.get("trace") or ()
    if not isinstance(trace, list):
        trace = [str(trace)] if trace else []
    return InvocationError(
        str(answer.get("errorType") or "Unknown"), str(answer.get("errorMessage") or ""), trace, status
    )
