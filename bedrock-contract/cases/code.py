"""The types of the table as Python writes them. Each class is a case: `execute`, and the event that is read from it."""

import dataclasses
import datetime
import decimal
import enum
import json
import sys
import uuid
from typing import Annotated, Any, Dict, List, Literal, Optional, TypedDict, Union

import msgspec
import pydantic

from bedrock_host.contract import contract_of


class Mode(enum.Enum):
    CROP = "crop"
    FIT = "fit"


class Tree(TypedDict):
    children: List["Tree"]


class Size(TypedDict):
    width: int
    mode: Mode
    note: Optional[str]


@dataclasses.dataclass
class Request:
    width: float
    tags: List[str] = dataclasses.field(default_factory=list)


class Model(pydantic.BaseModel):
    id: uuid.UUID
    when: datetime.datetime
    day: datetime.date
    price: decimal.Decimal
    url: pydantic.AnyUrl
    count: int = pydantic.Field(ge=1, lt=256)
    name: str = pydantic.Field(max_length=5, alias="Name")
    parent: Optional["Model"] = None


class Cat(pydantic.BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]


class Owner(pydantic.BaseModel):
    pet: Union[Cat, Dog] = pydantic.Field(discriminator="kind")


class Untagged(pydantic.BaseModel):
    value: Union[int, str]


class Raw(pydantic.BaseModel):
    data: bytes


class Frame(msgspec.Struct):
    data: bytes
    price: decimal.Decimal
    at: Optional[int] = None


class Add(msgspec.Struct, tag="add"):
    value: int


class Clear(msgspec.Struct, tag="clear"):
    pass


EVENTS = {
    "integer": int,
    "number": float,
    "list of numbers": List[float],
    "map": Dict[str, bool],
    "typed dict": Size,
    "recursion": Tree,
    "dataclass": Request,
    "pydantic model": Model,
    "pydantic union": Owner,
    "pydantic union without a tag": Untagged,
    "pydantic bytes": Raw,
    "pydantic bounds": Annotated[int, pydantic.Field(ge=0, le=10)],
    "msgspec struct": Frame,
    "msgspec union": List[Union[Add, Clear]],
}


def read(event):
    class Subject:
        def execute(self, event, context):
            pass

    Subject.execute.__annotations__ = {"event": event, "return": Any}
    return contract_of(Subject)


json.dump({name: read(event) for name, event in EVENTS.items()}, sys.stdout)
