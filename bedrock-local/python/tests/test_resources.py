"""Tests of `resource`, with the same cases as the tests of `bedrock-rt/src/config.rs`."""

import pytest

from bedrock.workers.resources import resource


@pytest.fixture(autouse=True)
def variables(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "my-app-prod-resizer")
    monkeypatch.setenv("MY_APP_TABLE_ORDERS", "my-app-prod-orders")
    monkeypatch.setenv("MY_APP_QUEUE_URL_BIG_JOBS", "https://jobs")
    monkeypatch.setenv("MY_APP_PARAMETER_SHOP_FLAGS", "/shop/flags")
    monkeypatch.setenv("OTHER_TABLE_PICTURES", "theirs")


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("table", "orders", "my-app-prod-orders"),
        ("table", "arn:aws:dynamodb:eu-west-1:1:table/orders", "my-app-prod-orders"),
        ("queue", "big-jobs", "https://jobs"),
        ("parameter", "/shop/flags", "/shop/flags"),
    ],
)
def test_resources_are_found_by_kind_and_name(kind, name, value):
    assert resource(kind, name) == value


@pytest.mark.parametrize(
    ("kind", "name"), [("table", "others"), ("mode", ""), ("bucket", "orders"), ("table", "pictures")]
)
def test_unknown_resources_are_errors_with_the_setting(kind, name):
    with pytest.raises(LookupError, match="add it to `uses` in its settings"):
        resource(kind, name)
