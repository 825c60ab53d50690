"""Reads the types of a worker from the annotations of `execute`, as JSON Schema.

The interpreter that runs the worker resolves them: imports, aliases and forward references included. Models of pydantic
and msgspec, which only a worker that uses them has imported, describe themselves. The app reads the schema further.
"""

import sys

_INSTEAD = {
    "datetime.datetime": "a date with time is a string in JSON: write `str`",
    "datetime.date": "a date is a string in JSON: write `str`",
    "datetime.time": "a time is a string in JSON: write `str`",
    "datetime.timedelta": "write `float` for a number of seconds",
    "decimal.Decimal": "a decimal number is a string in JSON: write `str`",
    "uuid.UUID": "a UUID is a string in JSON: write `str`",
    "builtins.bytes": "write `str`, and encode bytes as Base64",
    "builtins.bytearray": "write `str`, and encode bytes as Base64",
    "builtins.tuple": "write `list`, or a TypedDict with named fields",
    "builtins.set": "write `list`",
    "builtins.frozenset": "write `list`",
    "builtins.complex": "write a TypedDict with two fields",
}


class Refused(Exception):
    """A type that is not the same in JSON. `args`: where it is, what is wrong, what to write instead."""


def contract_of(worker_class):
    """Returns the contract of a worker as a dictionary for JSON.

    It has `event` and `response`; or `problem` with `where`, `message` and `help`; or nothing if `execute` has no
    annotations that say more than any value.
    """
    import inspect
    import typing

    execute = inspect.unwrap(worker_class.execute)
    try:
        annotations = getattr(execute, "__annotations__", None)
        if not annotations:
            return {}
        hints = typing.get_type_hints(execute, include_extras=True)
        names = list(inspect.signature(execute).parameters)
        event = hints.get(names[1], typing.Any) if len(names) > 1 else typing.Any
        response = hints.get("return", typing.Any)
        if is_any(event) and (is_any(response) or response is type(None)):
            return {}
        result = {}
        for root, hint in (("event", event), ("response", response)):
            schema = Reader(root).root(hint)
            result[root] = schema
        return result
    except Refused as refused:
        where, message, help_text = refused.args
        return {"problem": {"where": where, "message": message, "help": help_text}}
    except Exception as error:
        # For example a name that exists only for type checkers, or a model that cannot be described.
        message = f"the annotations of `execute` cannot be read: {type(error).__name__}: {error}"
        return {"problem": {"where": "execute", "message": message, "help": "import the types of `execute` at the top"}}


def is_any(hint):
    """Returns whether an annotation says no more than any value."""
    import typing

    return hint in (typing.Any, object, dict, typing.Dict)


class Reader:
    """Reads one of the two roots."""

    def __init__(self, root_name):
        self.root_name = root_name
        self.definitions = {}
        self.names = {}

    def root(self, hint):
        """Returns the schema of a root, with the types that it uses."""
        schema = self.read(hint, self.root_name)
        if self.definitions:
            schema = {**schema, "$defs": self.definitions}
        return schema

    def read(self, hint, where):
        """Returns the schema of a type."""
        import collections.abc
        import enum
        import typing

        if hint is None or hint is type(None):
            return {"type": "null"}
        if hint in (typing.Any, object):
            return {}
        for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
            if hint is kind:
                return {"type": name}
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is not None:
            name = getattr(origin, "__name__", "") or str(origin)
            if origin is typing.Literal:
                return self.literal(arguments, where)
            if origin is typing.Union or name in ("UnionType", "Union"):
                return {"anyOf": [self.read(argument, where) for argument in arguments]}
            if name in ("Required", "NotRequired", "ReadOnly", "Final", "ClassVar"):
                return self.read(arguments[0], where)
            if name == "Annotated" or hasattr(hint, "__metadata__"):
                return self.annotated(hint, arguments, where)
            if origin in (list, collections.abc.Sequence, collections.abc.Iterable, collections.abc.MutableSequence):
                return {"type": "array", "items": self.read(arguments[0], f"{where}[]")}
            if origin in (dict, collections.abc.Mapping, collections.abc.MutableMapping):
                if arguments[0] is not str:
                    raise Refused(where, "the keys of a JSON object are strings", f"write `dict[str, {shown(arguments[1])}]`")
                return {"type": "object", "additionalProperties": self.read(arguments[1], f"{where}.*")}
        if hint in (list, typing.List):
            return {"type": "array"}
        if hint in (dict, typing.Dict):
            return {"type": "object"}
        if hasattr(hint, "__supertype__"):
            return self.read(hint.__supertype__, where)
        if type(hint).__name__ == "TypeAliasType":
            return self.read(hint.__value__, where)
        if isinstance(hint, type):
            if issubclass(hint, enum.Enum):
                return self.literal([member.value for member in hint], where)
            schema = self.model(hint) or self.named(hint, where)
            if schema is not None:
                return schema
        instead = _INSTEAD.get(f"{getattr(origin or hint, '__module__', '')}.{getattr(origin or hint, '__name__', '')}")
        instead = instead or "use a TypedDict, a dataclass, `list`, `dict`, `Literal`, `Optional`, `str`, `int`, `float` or `bool`"
        raise Refused(where, f"`{shown(hint)}` is not a type of JSON", instead)

    def annotated(self, hint, arguments, where):
        """Reads `Annotated`. Only the library of a model understands what it adds."""
        inner = typing_arguments(hint, arguments)
        if isinstance(inner, type) and not has_pydantic_metadata(hint):
            return self.read(inner, where)
        adapter = sys.modules.get("pydantic")
        if adapter is not None and has_pydantic_metadata(hint):
            return self.move(adapter.TypeAdapter(hint).json_schema(mode=self.mode()))
        return self.read(inner, where)

    def mode(self):
        return "validation" if self.root_name == "event" else "serialization"

    def model(self, hint):
        """Returns the schema that a model describes itself with, or None for other classes."""
        pydantic = sys.modules.get("pydantic")
        is_pydantic = pydantic is not None and (
            issubclass(hint, pydantic.BaseModel) or hasattr(hint, "__pydantic_fields__")
        )
        if is_pydantic:
            return self.name(hint, pydantic.TypeAdapter(hint).json_schema(mode=self.mode()))
        msgspec = sys.modules.get("msgspec")
        if msgspec is not None and issubclass(hint, msgspec.Struct):
            return self.move(msgspec.json.schema(hint))
        return None

    def name(self, hint, schema):
        """Gives the schema of a model the name of its class."""
        schema = self.move(schema)
        if "$ref" in schema:
            return schema
        self.definitions[hint.__name__] = schema
        return {"$ref": f"#/$defs/{hint.__name__}"}

    def move(self, schema):
        """Moves the definitions of a schema to those of the root."""
        schema = dict(schema)
        for name, definition in schema.pop("$defs", {}).items():
            self.definitions.setdefault(name, definition)
        return schema

    def literal(self, values, where):
        for value in values:
            if value is not None and not isinstance(value, str):
                raise Refused(where, f"`Literal` and `Enum` have strings, not {value!r}", f"write `{type(value).__name__}`")
        return {"enum": [str(value) if value is not None else None for value in values]}

    def named(self, hint, where):
        """Reads a TypedDict or a dataclass, which gets a name, or returns None for other classes."""
        import dataclasses
        import typing

        is_typed_dict = hasattr(hint, "__required_keys__") and hasattr(hint, "__total__")
        if not is_typed_dict and not dataclasses.is_dataclass(hint):
            return None
        name = hint.__name__
        known = self.names.setdefault(name, hint)
        if known is not hint:
            raise Refused(where, f"two types are called `{name}`", "rename one of them")
        reference = {"$ref": f"#/$defs/{name}"}
        if name in self.definitions:
            return reference
        self.definitions[name] = {}
        hints = typing.get_type_hints(hint, include_extras=True)
        if is_typed_dict:
            fields = list(hints)
            required = [field for field in fields if is_required(hint, hints, field)]
        else:
            all_fields = dataclasses.fields(hint)
            fields = [field.name for field in all_fields]
            # A response always has all fields, an event may leave out those with a default.
            missing = dataclasses.MISSING
            required = [
                field.name
                for field in all_fields
                if self.root_name == "response" or (field.default is missing and field.default_factory is missing)
            ]
        self.definitions[name] = {
            "type": "object",
            "properties": {field: self.read(hints[field], f"{where}.{field}") for field in fields},
            "required": required,
        }
        return reference


def is_required(typed_dict, hints, field):
    """Returns whether a field of a TypedDict is required.

    `__required_keys__` does not know the markers if the annotations of the module are strings.
    """
    import typing

    name = getattr(typing.get_origin(hints[field]), "__name__", "") or str(typing.get_origin(hints[field]))
    if name.endswith("NotRequired"):
        return False
    if name.endswith("Required"):
        return True
    return field in typed_dict.__required_keys__


def typing_arguments(hint, arguments):
    """Returns the type within `Annotated`."""
    return getattr(hint, "__origin__", None) or arguments[0]


def has_pydantic_metadata(hint):
    return any(
        type(item).__module__.split(".")[0] in ("pydantic", "annotated_types") for item in getattr(hint, "__metadata__", ())
    )


def shown(hint):
    """Returns how a type is written."""
    return getattr(hint, "__name__", None) or str(hint).replace("typing.", "")
