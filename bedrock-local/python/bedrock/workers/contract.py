"""Checks events and responses of a worker on Lambda against its `contract.json`, if `BEDROCK_CHECK_CONTRACTS` is 1.

Locally the app checks them. The file is in the form that `cargo bedrock contracts` writes.
"""

import math
import re

MAX_VIOLATIONS = 20
MAX_DEPTH = 127
_MAX_SHOWN_CHARS = 40
_SAFE = 2**53 - 1
_WORD = re.compile(r"[\w-]+")
_DATE = r"\d{4}-\d\d-\d\d"
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
_FORMATS = {
    "date-time": (
        re.compile(rf"({_DATE})T{_CLOCK}:[0-5]\d(\.\d{{1,9}})?(Z|[+-]{_CLOCK})", re.ASCII),
        "a date with time and offset, for example `2026-11-29T12:00:00Z`",
    ),
    "date": (re.compile(rf"({_DATE})", re.ASCII), "a date, for example `2026-11-29`"),
    "uuid": (re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), "a UUID"),
    "uri": (re.compile(r'[a-zA-Z][a-zA-Z0-9+.-]*:[^\x00-\x20<>"{}|\\^`]+'), "a URI with a scheme"),
    "email": (re.compile(r"[^\x00-\x20@]+@[^\x00-\x20@]+"), "an e-mail address"),
    "decimal": (re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII), 'a decimal number in digits, for example `"12.50"`'),
}
_BASE64 = re.compile(r"[a-zA-Z0-9+/]*={0,2}")


class ContractViolation(Exception):
    """An event or a response that is not the one of the contract."""


class Contract:
    """The contract of one worker."""

    def __init__(self, document):
        self._roots = document.get("properties", {})
        self._definitions = document.get("$defs", {})

    def check(self, root, value):
        """Raises ContractViolation with all violations of a root, `event` or `response`."""
        violations = self.violations(root, value)
        if violations:
            subject = "the event is" if root == "event" else "the response is"
            raise ContractViolation(f"{subject} not that of the contract: " + "; ".join(violations))

    def violations(self, root, value):
        """Returns what is wrong with a value, at most `MAX_VIOLATIONS` lines."""
        found = []
        _Check(self._definitions, root == "event", found).value(self._roots.get(root, {}), value, root, 0)
        return found[:MAX_VIOLATIONS]


class _Check:
    def __init__(self, definitions, is_closed, found):
        self.definitions = definitions
        self.is_closed = is_closed
        self.found = found

    def add(self, path, message):
        self.found.append(f"`{path}`: {message}")

    def wrong(self, path, expected, value):
        self.add(path, f"expected {expected}, found {_shown(value)}")

    def value(self, schema, value, path, depth):
        """Checks a value against a schema."""
        if len(self.found) >= MAX_VIOLATIONS:
            return
        if depth > MAX_DEPTH:
            self.add(path, f"nested more than {MAX_DEPTH} levels deep")
            return
        while "$ref" in schema:
            schema = self.definitions.get(schema["$ref"].rsplit("/", 1)[-1], {})
        if "anyOf" in schema:
            if value is not None:
                self.value(schema["anyOf"][0], value, path, depth)
            return
        if "oneOf" in schema:
            self.union(schema, value, path, depth)
            return
        if "enum" in schema:
            if not isinstance(value, str) or value not in schema["enum"]:
                self.wrong(path, _one_of(schema["enum"]), value)
            return
        kind = schema.get("type")
        if isinstance(kind, list):
            if value is None:
                return
            kind = kind[0]
        if kind is not None:
            getattr(self, f"_{kind}")(schema, value, path, depth)

    def _null(self, _schema, value, path, _depth):
        if value is not None:
            self.wrong(path, "null", value)

    def _boolean(self, _schema, value, path, _depth):
        if not isinstance(value, bool):
            self.wrong(path, "a boolean", value)

    def _integer(self, schema, value, path, _depth):
        if not isinstance(value, int) or isinstance(value, bool):
            self.wrong(path, "an integer", value)
            return
        low, high = schema.get("minimum", -_SAFE), schema.get("maximum", _SAFE)
        if not -_SAFE <= value <= _SAFE:
            self.add(path, f"integers beyond ±{_SAFE} are not exact, found {_shown(value)}")
        elif not low <= value <= high:
            self.add(path, f"expected an integer from {low} to {high}, found {value}")

    def _number(self, _schema, value, path, _depth):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            self.wrong(path, "a number", value)
        elif not _is_finite(value):
            self.add(path, f"a number of 64 bits cannot be {_shown(value)}")

    def _string(self, schema, value, path, _depth):
        if not isinstance(value, str):
            self.wrong(path, "a string", value)
        elif schema.get("contentEncoding") == "base64":
            if len(value) % 4 or not _BASE64.fullmatch(value):
                self.wrong(path, "Base64", value)
        elif "format" in schema:
            pattern, expected = _FORMATS[schema["format"]]
            match = pattern.fullmatch(value)
            if not match or (schema["format"].startswith("date") and not _is_date(match.group(1))):
                self.wrong(path, expected, value)

    def _array(self, schema, value, path, depth):
        if not isinstance(value, (list, tuple)):
            self.wrong(path, "a list", value)
            return
        items = schema.get("items", {})
        for index, item in enumerate(value):
            if len(self.found) >= MAX_VIOLATIONS:
                return
            self.value(items, item, f"{path}[{index}]", depth + 1)

    def _object(self, schema, value, path, depth):
        if not isinstance(value, dict):
            self.wrong(path, "an object", value)
        elif "properties" in schema:
            self.fields(schema, value, path, depth)
        else:
            for name, item in value.items():
                if len(self.found) >= MAX_VIOLATIONS:
                    return
                self.value(schema.get("additionalProperties", {}), item, _join(path, name), depth + 1)

    def fields(self, schema, value, path, depth, tag=None):
        """Checks the fields of an object, of which `tag` has been checked."""
        names = sorted(name for name in schema["properties"] if name != tag)
        required = schema.get("required", ())
        for name in names:
            if name in value:
                self.value(schema["properties"][name], value[name], _join(path, name), depth + 1)
            elif name in required:
                self.add(path, f"the field `{name}` is missing")
        for name in value if self.is_closed else ():
            if len(self.found) >= MAX_VIOLATIONS:
                return
            if name not in schema["properties"]:
                expected = f"expected {_one_of(names)}" if names else "there are none"
                self.add(_join(path, name), f"unknown field, {expected}")

    def union(self, schema, value, path, depth):
        tag = schema["discriminator"]["propertyName"]
        if not isinstance(value, dict):
            self.wrong(path, "an object", value)
        elif tag not in value:
            self.add(path, f"the field `{tag}` is missing")
        else:
            variants = {variant["properties"][tag]["const"]: variant for variant in schema["oneOf"]}
            variant = variants.get(value[tag]) if isinstance(value[tag], str) else None
            if variant is None:
                self.wrong(_join(path, tag), _one_of(sorted(variants)), value[tag])
            else:
                self.fields(variant, value, path, depth, tag)


def _is_finite(value):
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _is_date(text):
    year, month, day = (int(part) for part in text.split("-"))
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (0, 31, 29 if is_leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return 1 <= month <= 12 and 1 <= day <= days[month]


def _join(path, name):
    shown = _shorten(str(name))
    return f"{path}.{shown}" if _WORD.fullmatch(str(name)) else f'{path}["{shown}"]'


def _one_of(values):
    shown = [f"`{value}`" for value in values[:10]]
    if len(values) == 1:
        return shown[0]
    more = f" and {len(values) - 10} more" if len(values) > 10 else ""
    return f"one of {', '.join(shown)}{more}"


def _shown(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, str):
        return f'`"{_shorten(value)}"`'
    if isinstance(value, float):
        return f"`{value!r}`"
    if isinstance(value, int):
        # Python refuses to write integers with thousands of digits.
        return f"`{_shorten(str(value))}`" if abs(value) < 10**60 else "a number"
    return "a list" if isinstance(value, (list, tuple)) else "an object"


def _shorten(text):
    return text if len(text) <= _MAX_SHOWN_CHARS else text[:_MAX_SHOWN_CHARS] + "…"


def load(path):
    """Returns the contract in a file."""
    # Imported here: only the entry point on Lambda reads files.
    import json

    with open(path, encoding="utf-8") as file:
        return Contract(json.load(file))
