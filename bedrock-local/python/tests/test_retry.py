"""Tests of the retry policy, with the same cases as the tests of `bedrock-rt/src/remote/retry.rs`."""

import json
import os

import pytest

from bedrock.workers import retry
from bedrock.workers.errors import not_sent

POLICY_PATH = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "bedrock-rt", "tests", "call_retries.json"
)
with open(POLICY_PATH, encoding="utf-8") as policy_file:
    POLICY = json.load(policy_file)


@pytest.mark.parametrize("case", POLICY["responses"], ids=str)
def test_retried_responses_match_the_shared_policy(case):
    assert retry.is_transient(case["code"], case["status"]) == case["is_retried"]


@pytest.mark.parametrize("case", POLICY["delays_ms"], ids=str)
def test_delays_match_the_shared_policy(case):
    error = not_sent("fetcher", "refused")
    error.retry_after = 0
    for random, expected in [(0.0, case["shortest"]), (1.0, case["longest"])]:
        delay = retry.delay(error, case["attempts_made"], None, random)
        assert (None if delay is None else round(delay * 1000)) == expected


def test_max_attempts_match_the_shared_policy():
    assert retry.MAX_ATTEMPTS == POLICY["max_attempts"]
