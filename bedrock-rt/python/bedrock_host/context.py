"""The `context` argument of a worker, with the attributes that awslambdaric gives it on Lambda."""

import os
import sys
import time


class Identity:
    """Cognito's identity; on a laptop nobody has one, but its attributes can be read as on Lambda."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class Client:
    """The app that a client context comes from."""

    def __init__(self, said):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, name, said.get(name))


class ClientContext:
    """What a caller says of itself, as far as Lambda hands it on."""

    def __init__(self, said):
        self.custom = said.get("custom")
        self.env = said.get("env")
        client = said.get("client")
        self.client = Client(client) if isinstance(client, dict) else None


class Context:
    """One invocation. What never changes in a process sits on the class, so that making one is cheap."""

    # `__dict__` costs nothing until a worker hangs an attribute of its own on its context.
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
        # Unfinished lines, kept by `streams`: None before the first, False once the invocation is over.
        self.pending = None

    @property
    def trace_header(self):
        """The `X-Amzn-Trace-Id` that calls made by this invocation carry on; empty when there is none."""
        return self._trace.decode("ascii", "replace")

    def get_remaining_time_in_millis(self):
        """Milliseconds until the invocation is ended, never negative."""
        left = self._epoch_deadline_time_in_ms - int(time.time() * 1000)
        return left if left > 0 else 0

    def log(self, msg):
        """Writes to the log exactly what it is given, as on Lambda: no line end is added."""
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
