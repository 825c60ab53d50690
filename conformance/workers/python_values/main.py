"""Returns or raises what the event names. `tests/values/table.json` has what callers get."""
import collections
import datetime
import decimal
import enum
import os
import sys
import threading

from bedrock.workers.worker import Worker

Point = collections.namedtuple("Point", "x y")
Level = enum.IntEnum("Level", "LOW HIGH")


class Row:
    def _asdict(self):
        return {"at": Point(1, 2)}


class Stop(BaseException):
    pass


class Odd(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def ring():
    items = []
    items.append(items)
    return items


VALUES = {
    "nothing": lambda: None,
    "namedtuple": lambda: Point(1, 2),
    "list_of_namedtuples": lambda: {"rows": [Point(1, Point(2, 3))]},
    "as_dict": lambda: [Row()],
    "tuple": lambda: (1, "a", None),
    "bytes": lambda: {"a": b"abc", b"k": [b""]},
    "raw_bytes": lambda: b'{"raw":[1]}',
    "broken_bytes": lambda: {"a": b"\xff"},
    "decimal": lambda: {"price": decimal.Decimal("12.5"), "count": decimal.Decimal(3)},
    "enum": lambda: [Level.HIGH, collections.OrderedDict(a=1)],
    "keys": lambda: {1: 1, 1.5: 2, None: 3},
    "tuple_keys": lambda: {(1, 2): 3},
    "nan": lambda: {"a": float("nan")},
    "infinity": lambda: [float("inf"), float("-inf")],
    "letters": lambda: {"ä雪": "🎿"},
    "half_letter": lambda: "\udcff",
    "set": lambda: {1, 2},
    "function": lambda: {"f": ring},
    "generator": lambda: (number for number in [1]),
    "date": lambda: datetime.date(2026, 1, 2),
    "object": lambda: object(),
    "circle": ring,
}


def background_exception():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    return "answered"


def raised(error):
    raise error


FAILURES = {
    "error": lambda: raised(ValueError("no", 1)),
    "error_without_text": lambda: raised(ValueError()),
    "key_error": lambda: raised(KeyError("k")),
    "error_with_cause": lambda: raised(RuntimeError("outer")),
    "stop_iteration": lambda: next(iter([])),
    "recursion": lambda: FAILURES["recursion"](),
    "base_exception": lambda: raised(Stop("now")),
    "exit": lambda: sys.exit(3),
    "exit_0": lambda: sys.exit(0),
    "hard_exit": lambda: os._exit(4),
    "background_exception": background_exception,
}


class PythonValues(Worker):
    def execute(self, event, context):
        return {**VALUES, **FAILURES}[event]()
