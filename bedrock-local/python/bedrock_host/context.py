"""The `context` argument of a worker, with the attributes that awslambdaric gives it on Lambda."""

import os
import sys
import time


class Identity:
    """Cognito's identity. It is empty locally, but its attributes exist as on Lambda."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class Client:
    """The app of a client context."""

    def __init__(self, data):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, name, data.get(name))


class ClientContext:
    """Client context: data about the caller, as far as Lambda passes it on."""

    def __init__(self, data):
        self.custom = data.get("custom")
        self.env = data.get("env")
        client = data.get("client")
        self.client = Client(client) if isinstance(client, dict) else None


class Context:
    """Context of one invocation. Values that do not change in a process are attributes of the class, so that
    creating a context is fast.
    """

    # `__dict__` is not allocated until a worker sets an attribute of its own.
    __slots__ = ("aws_request_id", "_epoch_deadline_time_in_ms", "_trace", "pending", "__dict__")

    function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
    function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
    memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
    log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
    invoked_function_arn = os.environ.get("BEDROCK_FUNCTION_ARN")
    client_context = None
    identity = Identity()
    tenant_id = None

    def __init__(self, request_id, deadline, trace):
        self.aws_request_id = request_id
        self._epoch_deadline_time_in_ms = deadline
        self._trace = trace
        # Unfinished lines of `streams`: None before the first line, False after the end of the invocation.
        self.pending = None

    @property
    def trace_header(self):
        """Value of `X-Amzn-Trace-Id` for calls that this invocation makes; empty if there is none."""
        return self._trace.decode("ascii", "replace")

    def get_remaining_time_in_millis(self):
        """Returns the milliseconds until the deadline, never negative."""
        remaining = self._epoch_deadline_time_in_ms - int(time.time() * 1000)
        return remaining if remaining > 0 else 0

    def log(self, msg):
        """Writes `msg` to the log unchanged, without a line end, as on Lambda."""
        sys.stdout.write(str(msg))

    def __repr__(self):
        names = (
            "aws_request_id",
            "log_group_name",
            "log_stream_name",
            "function_name",
            "memory_limit_in_mb",
            "function_version",
            "invoked_function_arn",
            "client_context",
            "identity",
            "tenant_id",
        )
        return "LambdaContext([" + ",".join(f"{name}={getattr(self, name)}" for name in names) + "])"
