"""`put_metric`: a metric of CloudWatch, as a log line in the embedded metric format. No API is called for it.

The same rules as in `bedrock-rt/src/metrics.rs`. Limits: the specification of the embedded metric format, and the API
model of CloudWatch (`MetricName`, `Dimensions`).
"""

import json
import os
import sys
import time

from .identity import identity

__all__ = ["put_metric"]

UNITS = frozenset(
    "Seconds Microseconds Milliseconds Bytes Kilobytes Megabytes Gigabytes Terabytes Bits Kilobits Megabits Gigabits"
    " Terabits Percent Count Bytes/Second Kilobytes/Second Megabytes/Second Gigabytes/Second Terabytes/Second"
    " Bits/Second Kilobits/Second Megabits/Second Gigabits/Second Terabits/Second Count/Second None".split()
)
MAX_NAME_LENGTH = 255
MAX_VALUE_LENGTH = 1024
# The dimension with the function's name is one more.
MAX_DIMENSIONS = 29
FUNCTION_NAME = "FunctionName"


def put_metric(name, value, unit="None", dimensions=None):
    """Prints a metric, which CloudWatch takes from the log. The namespace is the app's name.

    `unit` is one of CloudWatch's units, for example "Count" or "Milliseconds". `dimensions` are names and values; the
    function's name is always a dimension. Raises ValueError for what CloudWatch would drop without a word.
    """
    dimensions = dict(dimensions or {})
    value = _number(value)
    _check(name, value, unit, dimensions)
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local")
    directive = {
        "Namespace": (identity() or {}).get("app") or function.split("-local-")[0],
        "Dimensions": [[FUNCTION_NAME, *dimensions]],
        "Metrics": [{"Name": name, "Unit": unit}],
    }
    line = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
        FUNCTION_NAME: function,
        **dimensions,
        name: value,
    }
    # One write, so that lines of other threads are not between its parts.
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def _number(value):
    """Returns a number that JSON can represent. Others are returned unchanged: `_check` reports them."""
    decimal = sys.modules.get("decimal")  # there is no `Decimal` if nothing has imported it
    if decimal and isinstance(value, decimal.Decimal):
        return float(value)
    return value


def _check(name, value, unit, dimensions):
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH or name in ("_aws", FUNCTION_NAME, *dimensions):
        raise ValueError(f"{name!r} cannot be the name of a metric")
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    # CloudWatch's largest number; `isfinite` fails for larger integers.
    if not is_number or not abs(value) <= 2.0**360:
        raise ValueError(f"the value of metric {name!r} must be a finite number, and is {value!r}")
    if unit not in UNITS:
        raise ValueError(f"{unit!r} is not a unit of CloudWatch, such as 'Count' or 'Milliseconds'")
    if len(dimensions) > MAX_DIMENSIONS:
        raise ValueError(f"metric {name!r} has {len(dimensions)} dimensions, and at most {MAX_DIMENSIONS} are possible")
    for key, text in dimensions.items():
        if not isinstance(key, str) or not 0 < len(key) <= MAX_NAME_LENGTH or key in ("_aws", FUNCTION_NAME):
            raise ValueError(f"{key!r} cannot be the name of a dimension")
        if not isinstance(text, str) or not 0 < len(text) <= MAX_VALUE_LENGTH:
            raise ValueError(f"the value of dimension {key!r} must be a text of 1 to {MAX_VALUE_LENGTH} characters")
