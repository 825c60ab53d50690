"""JSON in and out of a worker: `decode(text)` and `encode(value)`, both raising `Fault` with AWS's error types.

The usual value goes straight to the C scanner and encoder, without the `json` package: its import is a third
of a cold start, and its wrappers a fifth of a warm call. Whatever they refuse is tried again with `json`,
which then gives the verdict and the words for it.
"""

import sys

from bedrock.workers.faults import Fault

# Stands for a number while `json` encodes around it; a worker's own text never looks like this.
_DECIMAL = "\x00bedrock-decimal\x00"


def _decode_fully(text):
    import json

    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from None


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")


def _encode_fully(value):
    import json

    numbers = []

    def default(item):
        # Lambda's encoder writes a Decimal as the number it is (DynamoDB answers are full of them).
        decimal = sys.modules.get("decimal")
        if decimal is not None and isinstance(item, decimal.Decimal) and item.is_finite():
            numbers.append(str(item))
            return _DECIMAL
        raise TypeError(f"Object of type {type(item).__name__} is not JSON serializable")

    try:
        text = json.dumps(value, default=default, allow_nan=False, separators=(",", ":"))
    except Exception as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from None
    if numbers:
        parts = text.split(json.dumps(_DECIMAL))
        if len(parts) != len(numbers) + 1:
            raise Fault("Runtime.MarshalError", "Unable to marshal response: it holds the mark kept for decimals")
        text = parts[0] + "".join(number + part for number, part in zip(numbers, parts[1:]))
    return text.encode("ascii")


def _fast_pair():
    """`(decode, encode)` on the C accelerators, or None where this Python has none that we know."""
    from _json import encode_basestring_ascii, make_encoder, make_scanner

    class Options:
        strict = True
        object_hook = None
        object_pairs_hook = None
        parse_float = float
        parse_int = int
        parse_constant = staticmethod(_no_constant)
        memo = {}

    def default(item):
        raise TypeError(type(item).__name__)

    scan = make_scanner(Options())
    # No table of containers seen (the first argument): it would be shared by all threads. A circle ends in a
    # RecursionError here, and is named by `_encode_fully`.
    chunks = make_encoder(None, default, encode_basestring_ascii, None, ":", ",", False, False, False)
    join = "".join

    def decode(text):
        try:
            value, end = scan(text, 0)
        except (StopIteration, ValueError, RecursionError, SystemError):
            # SystemError: the C scanner looks for an exception class in `json`, which nobody has imported.
            return _decode_fully(text)
        return value if end == len(text) else _decode_fully(text)

    def encode(value):
        try:
            return join(chunks(value, 0)).encode()
        except Exception:
            return _encode_fully(value)

    if decode('{"a":[1,"\u00e9"]}') != {"a": [1, "\u00e9"]} or encode({"a": [1.5, None]}) != b'{"a":[1.5,null]}':
        raise ImportError("the C accelerators of `json` work differently here")
    return decode, encode


try:
    decode, encode = _fast_pair()
except Exception:
    decode, encode = _decode_fully, _encode_fully
