"""The error that `invoke` raises for everything that fails after the payload was accepted."""

# Error codes of 5xx responses for a function that could not be started. After any other 5xx it may have run.
_START_ERRORS = frozenset(
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
    """A failed invocation.

    error_type     the class name that the worker reported, or the error code of AWS
    error_message  the message of that error
    trace          the worker's stack trace as a list of strings, empty if there is none
    status         the HTTP status, or None if there was no response
    may_have_run   False only if the worker certainly did not run, so that a retry is safe
    """

    def __init__(self, error_type, error_message, trace=(), status=None, may_have_run=True):
        super().__init__(f"{error_type}: {error_message}" if error_message else error_type)
        self.error_type = error_type
        self.error_message = error_message
        self.trace = list(trace)
        self.status = status
        self.may_have_run = may_have_run
        # Minimum number of seconds before a retry; None if a retry would not help.
        self.retry_after = None

    def __reduce__(self):
        # Pickle rebuilds exceptions from `args`, which only contains the formatted message here.
        return type(self), (self.error_type, self.error_message, self.trace, self.status, self.may_have_run)


def service_error(error_type, error_message, status):
    """Returns the error for a response of the Invoke API itself, without an error of a function."""
    may_have_run = status is None or (status >= 500 and error_type not in _START_ERRORS)
    return InvocationError(error_type, error_message, (), status, may_have_run)


def not_sent(name_or_arn, error, error_type="ConnectFailed"):
    """Returns the error for a request that was not sent completely."""
    return InvocationError(error_type, f"`{name_or_arn}` was not called: {error}", may_have_run=False)


def function_error(body, status):
    """Parses the error that a worker returned: the formats of Python, Node and Rust, or any other text."""
    import json  # imported late: a worker that makes no calls does not need it

    try:
        error = json.loads(body)
    except ValueError:
        error = None
    if not isinstance(error, dict):
        text = error if isinstance(error, str) else bytes(body).decode("utf-8", "replace")
        return InvocationError("Unknown", text, (), status)
    trace = error.get("stackTrace") or error.get("trace") or ()
    if not isinstance(trace, list):
        trace = [str(trace)] if trace else []
    return InvocationError(
        str(error.get("errorType") or "Unknown"), str(error.get("errorMessage") or ""), trace, status
    )
