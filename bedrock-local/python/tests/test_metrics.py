"""Metrics in CloudWatch's embedded metric format."""

import json
from decimal import Decimal

import pytest

from bedrock.workers.metrics import put_metric


@pytest.fixture(autouse=True)
def function_name(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop-local-mailer")


def test_metric_is_one_line_in_the_embedded_metric_format(capsys):
    put_metric("OrderValue", 12.5, unit="Count", dimensions={"Kind": "book"})
    line, rest = capsys.readouterr().out.split("\n", 1)
    assert rest == ""
    metric = json.loads(line)
    timestamp = metric["_aws"].pop("Timestamp")
    assert isinstance(timestamp, int) and timestamp > 1_700_000_000_000
    assert metric == {
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Namespace": "shop",
                    "Dimensions": [["FunctionName", "Kind"]],
                    "Metrics": [{"Name": "OrderValue", "Unit": "Count"}],
                }
            ]
        },
        "FunctionName": "shop-local-mailer",
        "Kind": "book",
        "OrderValue": 12.5,
    }


def test_metric_needs_only_a_name_and_a_value(capsys):
    put_metric("Orders", 1)
    metric = json.loads(capsys.readouterr().out)
    assert metric["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "Orders", "Unit": "None"}]
    assert metric["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["FunctionName"]]
    assert metric["Orders"] == 1


def test_decimal_of_dynamodb_is_a_number(capsys):
    put_metric("Price", Decimal("12.50"))
    assert json.loads(capsys.readouterr().out)["Price"] == 12.5


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": ""},
        {"name": 1},
        {"name": "x" * 256},
        {"name": "_aws"},
        {"name": "FunctionName"},
        {"name": "Kind", "dimensions": {"Kind": "book"}},
        {"value": float("nan")},
        {"value": float("inf")},
        {"value": "1"},
        {"value": True},
        {"value": Decimal("NaN")},
        {"value": 10**400},
        {"unit": "count"},
        {"dimensions": {"": "x"}},
        {"dimensions": {"FunctionName": "x"}},
        {"dimensions": {"Kind": ""}},
        {"dimensions": {"Kind": 1}},
        {"dimensions": {"Kind": "x" * 1025}},
        {"dimensions": {f"d{number}": "x" for number in range(30)}},
    ],
)
def test_what_cloudwatch_would_drop_is_an_error(arguments, capsys):
    with pytest.raises(ValueError):
        put_metric(**{"name": "Orders", "value": 1, **arguments})
    assert capsys.readouterr().out == ""
