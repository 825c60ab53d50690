"""Retry policy of calls of Lambda's API: only calls that certainly did not run the worker are retried.

The rules are the same as for calls from Rust (`bedrock-rt/tests/call_retries.json`). `lambda_api` makes the calls.
"""

# Maximum number of attempts of a call. With all delays they take about 1.5 seconds.
MAX_ATTEMPTS = 5
# Longest delay after the first attempt; it doubles after each further attempt.
INITIAL_DELAY_SECONDS = 0.1
# Error codes that may disappear soon.
_TRANSIENT_CODES = frozenset(
    (
        "EC2ThrottledException",
        "ENILimitReachedException",
        "ENINotReadyException",
        "ResourceConflictException",
        "ResourceNotReadyException",
        "SnapStartNotReadyException",
        "SubnetIPAddressLimitReachedException",
    )
)


def is_transient(code, status):
    """Whether an error of the service may disappear soon."""
    return status == 429 or (status in (409, 502) and code in _TRANSIENT_CODES)


def delay(error, attempts_made, remaining, random):
    """Returns the seconds before the next attempt, or None if there should be none.

    `attempts_made` attempts have been made, the caller has `remaining` seconds (None: no deadline), `random` is between
    0 and 1.
    """
    if error.retry_after is None or error.may_have_run or attempts_made >= MAX_ATTEMPTS:
        return None
    full = INITIAL_DELAY_SECONDS * 2 ** (attempts_made - 1)
    # Between half and all of it, so that callers that failed at the same time do not retry at the same time.
    wait = max(full / 2 + full / 2 * random, error.retry_after)
    # A delay that ends after the deadline is useless.
    return None if remaining is not None and wait >= remaining else wait
