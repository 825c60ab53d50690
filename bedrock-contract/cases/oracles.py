"""Answers whether pydantic and msgspec read documents as the types of a stub.

Standard input: a list of pairs, a stub and its documents. Standard output: for each pair the answers of both, lists of booleans,
or null if the library does not support the type.
"""

import json
import sys
import types
import typing

import msgspec
import pydantic
import typing_extensions


def event_of(number, stub):
    module = types.ModuleType(f"stub_{number}")
    sys.modules[module.__name__] = module
    exec(compile(stub, module.__name__, "exec"), module.__dict__)
    for value in list(vars(module).values()):
        if typing_extensions.is_typeddict(value):
            value.__pydantic_config__ = {"extra": "forbid", "strict": True}

    class Holder:
        __annotations__ = {"event": module.Event}

    return typing_extensions.get_type_hints(Holder, globalns=vars(module), include_extras=True)["event"]


def is_read(read, text):
    try:
        read(text)
    except (ValueError, RecursionError):
        return False
    return True


def answers(number, stub, documents):
    event = event_of(number, stub)
    adapter = pydantic.TypeAdapter(event)
    readers = [lambda text: adapter.validate_json(text, strict=True)]
    try:
        readers.append(msgspec.json.Decoder(event).decode)
    except TypeError:
        readers.append(None)
    return [read and [is_read(read, text) for text in documents] for read in readers]


questions = json.load(sys.stdin)
json.dump([answers(number, *question) for number, question in enumerate(questions)], sys.stdout)
