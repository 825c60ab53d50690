"""The types of a worker, read from the annotations of `execute`."""

import dataclasses
import datetime
import enum
import json
import sys
from typing import Any, Dict, List, Literal, NewType, Optional, Tuple, TypedDict, Union

import pytest

from bedrock_host.contract import contract_of

UserId = NewType("UserId", str)


class Mode(enum.Enum):
    CROP = "crop"
    FIT = "fit"


class Numbers(enum.Enum):
    ONE = 1


class Tree(TypedDict):
    name: str
    children: List["Tree"]


class Base(TypedDict):
    a: int


class Partial(Base, total=False):
    b: Optional[str]


@dataclasses.dataclass
class Request:
    width: int
    mode: Literal["crop", "fit"] = "crop"
    tags: List[str] = dataclasses.field(default_factory=list)


def contract(event=None, response=None, has_event=True):
    """Returns the contract of a worker with these annotations."""

    class Subject:
        def execute(self, event, context):
            pass

    annotations = {"event": event} if has_event else {}
    if response is not None:
        annotations["return"] = response
    Subject.execute.__annotations__ = annotations
    return contract_of(Subject)


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (None, {"type": "null"}),
        (bool, {"type": "boolean"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (str, {"type": "string"}),
        (UserId, {"type": "string"}),
        (List[int], {"type": "array", "items": {"type": "integer"}}),
        (List[Any], {"type": "array", "items": {}}),
        (list, {"type": "array"}),
        (Dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
        (Optional[str], {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        (Union[str, int], {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        (Literal["a", None], {"enum": ["a", None]}),
        (Mode, {"enum": ["crop", "fit"]}),
    ],
)
def test_annotation_becomes_schema(hint, schema):
    assert contract(response=float, event=hint)["event"] == schema


def test_typed_dict_may_contain_itself():
    tree = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
        },
        "required": ["name", "children"],
    }
    assert contract(Tree)["event"] == {"$ref": "#/$defs/Tree", "$defs": {"Tree": tree}}


def test_typed_dict_has_optional_fields():
    schema = contract(Partial)["event"]["$defs"]["Partial"]
    assert schema["required"] == ["a"]
    assert schema["properties"]["b"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}


def test_dataclass_defaults_are_optional_in_events_only():
    result = contract(Request, Request)
    assert result["event"]["$defs"]["Request"]["required"] == ["width"]
    assert result["response"]["$defs"]["Request"]["required"] == ["width", "mode", "tags"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the markers are in typing since 3.11")
def test_markers_count_in_modules_with_future_annotations(tmp_path, monkeypatch):
    source = """
from __future__ import annotations
from typing import NotRequired, TypedDict

class Event(TypedDict):
    a: NotRequired[int]
    b: str

class Subject:
    async def execute(self, event: Event, context) -> dict[str, int] | None: ...
"""
    (tmp_path / "contract_subject.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    import contract_subject

    result = contract_of(contract_subject.Subject)
    assert result["event"]["$defs"]["Event"]["required"] == ["b"]
    number = {"type": "object", "additionalProperties": {"type": "integer"}}
    assert result["response"] == {"anyOf": [number, {"type": "null"}]}


@pytest.mark.parametrize(
    ("event", "response"), [(Any, None), (dict, None), (dict, dict), (object, Any), (Dict, type(None))]
)
def test_annotations_without_meaning_are_no_contract(event, response):
    assert contract(event, response) == {}


def test_worker_without_annotations_has_no_contract():
    class Subject:
        def execute(self, event, context):
            pass

    assert contract_of(Subject) == {}


@pytest.mark.parametrize(
    ("hint", "where", "help_text"),
    [
        (Dict[str, datetime.datetime], "event.*", "a date with time is a string in JSON: write `str`"),
        (List[bytes], "event[]", "write `str`, and encode bytes as Base64"),
        (Tuple[int, str], "event", "write `list`, or a TypedDict with named fields"),
        (Dict[int, str], "event", "write `dict[str, str]`"),
        (Numbers, "event", "write `int`"),
        (Literal[1, 2], "event", "write `int`"),
    ],
)
def test_types_that_json_does_not_have_are_refused(hint, where, help_text):
    problem = contract(hint)["problem"]
    assert (problem["where"], problem["help"]) == (where, help_text)


def test_names_that_cannot_be_resolved_are_a_problem():
    assert "NameError" in contract("Missing")["problem"]["message"]


def test_host_sends_contract_only_if_asked(launch):
    source = """
    from bedrock.workers.worker import Worker

    class Subject(Worker):
        def execute(self, event: int, context) -> str:
            return str(event)
    """
    kind, body = launch(source).start.get(timeout=30)
    assert (kind, body) == (1, b"")
    kind, body = launch(source, BEDROCK_CONTRACT="1").start.get(timeout=30)
    assert json.loads(body) == {"event": {"type": "integer"}, "response": {"type": "string"}}
