"""Which failed calls of Lambda's API are made again, and when: those after which the worker surely did not run.

The same rules as for calls from Rust. Making the calls is left to `lambda_api`.
"""

# How often a call is made at most. With the pauses that is about a second and a half.
ATTEMPTS = 5
# The longest pause after the first attempt, in seconds; after each further one it is twice as long.
PAUSE = 0.1
# Refusals that may be none a moment later.
_PASSING = frozenset(
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


def is_passing(code, status):
    """Whether a refusal by the service may be none a moment later."""
    return status == 429 or (status in (409, 502) and code in _PASSING)


def pause(error, made, left, chance):
    """Seconds to wait before the next attempt, or None if there should be none.

    `made` attempts have been made, the caller has `left` seconds (None: no end), `chance` is between 0 and 1.
    """
    if error.retry_after is None or error.may_have_run or made >= ATTEMPTS:
        return None
    full = PAUSE * 2 ** (made - 1)
    # Between half and all of it, so that callers who failed together do not come back together.
    wait = max(full / 2 + full / 2 * chance, error.retry_after)
    # What would end after the deadline need not begin.
    return None if left is not None and wait >= left else wait
