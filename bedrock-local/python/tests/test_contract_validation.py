"""Hostile documents end with few violations and short messages, whatever their size and depth."""

import json

import pytest

from bedrock.workers.contract import MAX_VIOLATIONS, Contract, ContractViolation

SIZE = 6_000_000
TREE = Contract(
    {
        "properties": {"event": {"$ref": "#/$defs/Tree"}},
        "$defs": {
            "Tree": {
                "type": "object",
                "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
            }
        },
    }
)


def string(**schema):
    return Contract({"properties": {"event": {"type": "string", **schema}}})


def test_deep_documents_end_with_one_violation():
    document = {}
    for _ in range(10_000):
        document = {"children": [document]}
    (violation,) = TREE.violations("event", document)
    assert violation.endswith("nested more than 127 levels deep")


def test_large_documents_end_with_few_violations():
    names = {f"n{number}": 1 for number in range(200_000)}
    for document in ({"children": [1] * 500_000}, names):
        assert len(TREE.violations("event", document)) == MAX_VIOLATIONS
    (violation,) = TREE.violations("event", {"children": "x" * SIZE})
    assert len(violation) < 200


def test_large_strings_are_checked_as_base64():
    contract = string(contentEncoding="base64")
    assert contract.violations("event", "A" * SIZE) == []
    for text in ("A" * (SIZE + 1), "A" * SIZE + "!", "=" * SIZE, "AAA\n"):
        assert len(contract.violations("event", text)) == 1


@pytest.mark.parametrize("name", ["date-time", "date", "uuid", "uri", "email", "decimal"])
def test_large_strings_are_checked_for_each_format(name):
    for text in ("@" * SIZE, "1" * SIZE + "x", "2026-11-29T12:00:00." + "1" * SIZE):
        (violation,) = string(format=name).violations("event", text)
        assert len(violation) < 200


@pytest.mark.parametrize("text", ["1e400", "-1e400", "9" * 4000, "-" + "9" * 4000, "9007199254740993", "NaN"])
def test_huge_numbers_are_violations(text):
    for kind in ("integer", "number"):
        contract = Contract({"properties": {"event": {"type": kind}}})
        if kind == "number" and text == "9007199254740993":
            continue
        with pytest.raises(ContractViolation) as error:
            contract.check("event", json.loads(text))
        assert len(str(error.value)) < 200
