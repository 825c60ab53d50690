"""Converts JSON: `decode(text)` and `encode(value)`. Both raise `LambdaRuntimeError` with AWS's error types.

Most values are passed directly to the C scanner and encoder, without the `json` package: its import takes a third of a
cold start, and its wrappers a fifth of a warm call. A value that the C code rejects is tried again with `json`, which
decides and formats the error.
"""

import os
import sys

from bedrock.workers.runtime_errors import LambdaRuntimeError

# Lambda writes responses in UTF-8 from Python 3.12 on. Before, it escapes letters outside of ASCII. Their size counts.
_IS_UTF8 = os.environ.get("AWS_EXECUTION_ENV") in {
    "AWS_Lambda_python3.12",
    "AWS_Lambda_python3.13",
    "AWS_Lambda_python3.14",
    "AWS_Lambda_python3.15",
}

# Replaces a number while `json` encodes the rest. A worker's own text does not contain it.
_DECIMAL = "\x00bedrock-decimal\x00"


def _decode_fully(text):
    import json

    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise LambdaRuntimeError("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")


def _encode_fully(value):
    """Encodes as Lambda's encoder does, which is `simplejson` with AWS's settings (`LambdaMarshaller`)."""
    if isinstance(value, bytes):
        # Lambda passes bytes on as they are.
        return value
    import json

    numbers = []

    def default(item):
        # Lambda's encoder writes a Decimal as a number (responses of DynamoDB contain many).
        decimal = sys.modules.get("decimal")
        if decimal is not None and isinstance(item, decimal.Decimal):
            if item.is_nan():
                return float("nan")
            numbers.append(str(item))
            return _DECIMAL
        raise TypeError(f"Object of type {type(item).__name__} is not JSON serializable")

    try:
        text = json.dumps(_plain(value, set()), default=default, ensure_ascii=not _IS_UTF8, separators=(",", ":"))
        # Half of a surrogate pair is not UTF-8.
        text.encode("utf-8")
    except Exception as error:
        raise LambdaRuntimeError("Runtime.MarshalError", f"Unable to marshal response: {error}") from None
    if numbers:
        parts = text.split(json.dumps(_DECIMAL))
        if len(parts) != len(numbers) + 1:
            message = "Unable to marshal response: it contains the reserved placeholder of decimals"
            raise LambdaRuntimeError("Runtime.MarshalError", message)
        text = parts[0] + "".join(number + part for number, part in zip(numbers, parts[1:]))
    return text.encode("utf-8")


def encode_error(error):
    """Encodes an error, whose message may have any text."""
    import json

    return json.dumps(error, separators=(",", ":")).encode("ascii")


def _plain(value, containers):
    """Replaces what `simplejson` encodes and `json` does not: named tuples and other objects with `_asdict`, and bytes.

    `containers` has the ids of the containers that are being replaced.
    """
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if value is None or isinstance(value, (str, int, float)):
        return value
    as_dict = None if isinstance(value, (list, type)) else getattr(value, "_asdict", None)
    if not callable(as_dict) and not isinstance(value, (list, tuple, dict)):
        return value
    if id(value) in containers:
        raise ValueError("Circular reference detected")
    containers.add(id(value))
    if callable(as_dict):
        items = as_dict()
        if not isinstance(items, dict):
            raise TypeError(f"_asdict() must return a dict, not {type(items).__name__}")
    else:
        items = value
    if isinstance(items, dict):
        plain = {_plain_key(key): _plain(item, containers) for key, item in items.items()}
    else:
        plain = [_plain(item, containers) for item in items]
    containers.discard(id(value))
    return plain


def _plain_key(key):
    if isinstance(key, bytes):
        return key.decode("utf-8")
    if key is None or isinstance(key, (str, int, float)):
        return key
    raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")


def _accelerated_codec():
    """Returns `(decode, encode)` based on the C accelerators. Raises an exception if this Python has other
    accelerators.
    """
    from _json import encode_basestring, encode_basestring_ascii, make_encoder, make_scanner
    from marshal import dumps as check_exact_types

    class ScannerOptions:
        strict = True
        object_hook = None
        object_pairs_hook = None
        parse_float = float
        parse_int = int
        parse_constant = staticmethod(_no_constant)
        memo = {}

    def default(item):
        raise TypeError(type(item).__name__)

    scan = make_scanner(ScannerOptions())
    # Without a table of the containers that are being encoded (the first argument), because all threads would share it.
    # A cycle ends with a RecursionError here, and `_encode_fully` reports it.
    encode_text = encode_basestring if _IS_UTF8 else encode_basestring_ascii
    chunks = make_encoder(None, default, encode_text, None, ":", ",", False, False, False)
    join = "".join

    def decode(text):
        try:
            value, end = scan(text, 0)
        except (StopIteration, ValueError, RecursionError, SystemError):
            # SystemError: the C scanner looks for an exception class in `json`, which has not been imported.
            return _decode_fully(text)
        return value if end == len(text) else _decode_fully(text)

    def encode(value):
        try:
            # The encoder takes a named tuple for a list. `marshal` rejects all subclasses; version 2 is its fastest.
            check_exact_types(value, 2)
            return join(chunks(value, 0)).encode()
        except Exception:
            return _encode_fully(value)

    if decode('{"a":[1,"\u00e9"]}') != {"a": [1, "\u00e9"]} or encode({"a": [1.5, None]}) != b'{"a":[1.5,null]}':
        raise ImportError("the C accelerators of `json` behave differently in this Python")
    return decode, encode


try:
    decode, encode = _accelerated_codec()
except Exception:
    decode, encode = _decode_fully, _encode_fully
