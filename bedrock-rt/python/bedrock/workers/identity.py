"""Which worker of which app this is: `bedrock.json`, which `cargo bedrock build` puts beside the package in a zip."""

import os

VERSION = 1
PATH = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "bedrock.json")

_identity = None


def identity():
    """`{"version": 1, "app": …, "worker": …, "class": …}`, read once; None where there is no zip, as on a laptop."""
    global _identity
    if _identity is None:
        _identity = _read()
    return _identity or None


def _read():
    import json  # late: on a laptop there is nothing to read

    try:
        with open(PATH, encoding="utf-8") as file:
            read = json.load(file)
    except FileNotFoundError:
        return {}
    version = read.get("version")
    if version != VERSION:
        raise ValueError(f"`{PATH}` has version {version}, and the package beside it reads {VERSION}")
    return read
