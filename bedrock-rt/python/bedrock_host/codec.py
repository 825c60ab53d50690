"""Converts JSON: `decode(text)` and `encode(value)`. Both raise `LambdaRuntimeError` with AWS's error types.

Most values are passed directly to the C scanner and encoder, without the `json` package: its import takes a third of a
cold start, and its wrappers a fifth of a warm call. A value that the C code rejects is tried again with `json`, which
decides and formats the error.
"""

import sys

from bedrock.workers.runtime_errors import LambdaRuntimeError

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
    import json

    numbers = []

    def default(item):
        # Lambda's encoder writes a Decimal as a number (responses of DynamoDB contain many).
        decimal = sys.modules.get("decimal")
        if decimal is not None and isinstance(item, decimal.Decimal) and item.is_finite():
            numbers.append(str(item))
            return _DECIMAL
        raise TypeError(f"Object of type {type(item).__name__} is not JSON serializable")

    try:
        text = json.dumps(value, default=default, allow_nan=False, separators=(",", ":"))
    except Exception as error:
        raise LambdaRuntimeError("Runtime.MarshalError", f"Unable to marshal response: {error}") from None
    if numbers:
        parts = text.split(json.dumps(_DECIMAL))
        if len(parts) != len(numbers) + 1:
            message = "Unable to marshal response: it contains the reserved placeholder of decimals"
            raise LambdaRuntimeError("Runtime.MarshalError", message)
        text = parts[0] + "".join(number + part for number, part in zip(numbers, parts[1:]))
    return text.encode("ascii")


def _accelerated_codec():
    """Returns `(decode, encode)` based on the C accelerators. Raises an exception if this Python has other
    accelerators.
    """
    from _json import encode_basestring_ascii, make_encoder, make_scanner

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
    chunks = make_encoder(None, default, encode_basestring_ascii, None, ":", ",", False, False, False)
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
