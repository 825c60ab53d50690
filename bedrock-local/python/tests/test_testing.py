"""The types in new apps name what the module `bedrock` has, with the same parameters."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

TYPINGS = Path(__file__).parents[3] / "templates/files/typings"
STUBS = sorted(path.relative_to(TYPINGS) for path in TYPINGS.rglob("*.pyi"))


def test_stubs_exist():
    assert Path("bedrock/testing.pyi") in STUBS


@pytest.mark.parametrize("stub", STUBS, ids=str)
def test_stub_matches_the_module(stub):
    name = ".".join(stub.with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(name)
    check(ast.parse((TYPINGS / stub).read_text()).body, module)


def check(statements, owner):
    for statement in statements:
        if isinstance(statement, ast.FunctionDef):
            arguments = statement.args
            declared = [argument.arg for argument in arguments.posonlyargs + arguments.args + arguments.kwonlyargs]
            declared += [extra.arg for extra in (arguments.vararg, arguments.kwarg) if extra]
            assert declared == list(inspect.signature(getattr(owner, statement.name)).parameters)
        elif isinstance(statement, ast.ClassDef):
            check(statement.body, getattr(owner, statement.name))
        elif isinstance(statement, ast.ImportFrom) and statement.module == "errors":
            assert all(hasattr(owner, alias.name) for alias in statement.names)
