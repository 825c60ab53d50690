"""`resource`: how the AWS SDK names what the setting `uses` lists. The same rule as in `bedrock-rt/src/config.rs`."""

import os
import re

__all__ = ["resource"]

# The kinds of resources, and the words for them in names of variables.
KINDS = {
    "table": "TABLE",
    "bucket": "BUCKET",
    "queue": "QUEUE_URL",
    "topic": "TOPIC_ARN",
    "bus": "BUS",
    "stream": "STREAM",
    "secret": "SECRET",
    "parameter": "PARAMETER",
    "key": "KEY_ARN",
    "function": "FUNCTION_ARN",
}


def resource(kind, name):
    """Returns the name of a table or bucket, the URL of a queue, the ARN of a topic, and so on.

    `kind` and `name` are those of the setting `uses`. Raises LookupError if it does not list the resource.
    """
    short_name = re.split("[:/]", name)[-1] if name.startswith("arn:") else name.lstrip("/")
    suffix = _variable_part(f"_{KINDS[kind]}_{short_name}") if kind in KINDS else None
    # The variable begins with the app, and so does the name of the function.
    function = _variable_part(os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""))
    for variable, value in os.environ.items():
        if suffix and variable.endswith(suffix) and function.startswith(variable[: -len(suffix)] + "_"):
            return value
    raise LookupError(f"this function does not use {kind} {name!r}: add it to `uses` in its settings")


def _variable_part(text):
    return re.sub("[^A-Z0-9]", "_", text.upper())
