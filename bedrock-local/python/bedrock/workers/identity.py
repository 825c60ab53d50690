"""App and worker of this process, from `bedrock.json`, which `cargo bedrock build` puts next to the package in a
zip.
"""

import os

VERSION = 1
PATH = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "bedrock.json")

_identity = None


def identity():
    """Returns `{"version": 1, "app": …, "worker": …, "class": …}`, or None outside of a zip. Reads the file once."""
    global _identity
    if _identity is None:
        _identity = _read()
    return _identity or None


def has_callees():
    """Returns whether the deployment names workers that this function calls."""
    worker_info = identity()
    prefix = worker_info and arn_variable(worker_info["app"], "")
    return bool(prefix) and any(name.startswith(prefix) for name in os.environ)


def arn_variable(app, name):
    """Returns the name of the variable with the ARN of a worker."""
    return f"{app}_WORKER_ARN_{name}".replace("-", "_").upper()


def _read():
    import json  # imported late: locally there is nothing to read

    try:
        with open(PATH, encoding="utf-8") as file:
            content = json.load(file)
    except FileNotFoundError:
        return {}
    version = content.get("version")
    if version != VERSION:
        raise ValueError(f"`{PATH}` has version {version}, and the package next to it reads {VERSION}")
    return content
