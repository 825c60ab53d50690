//! Decides which failed requests are retried, and after which delay. Pure functions without a clock or a connection.
//!
//! Only requests that certainly did not run the function are retried. AWS's own SDKs also repeat a request whose
//! response was late or lost, and the function then runs two or three times.

use std::time::Duration;

use super::invoke_client::{InvokeResponse, InvokeResult, SendError};

/// Maximum number of attempts of a call. With all delays they take about 1.5 seconds.
const MAX_ATTEMPTS: u32 = 5;
/// Delay after the first attempt; it doubles after each further attempt.
const INITIAL_DELAY: Duration = Duration::from_millis(100);

/// Error codes of status 409 and 502 that mean that the function is not ready yet (Lambda API model, errors of
/// `Invoke`).
const NOT_READY: &[&str] = &[
    "EC2ThrottledException",
    "ENILimitReachedException",
    "ENINotReadyException",
    "ResourceConflictException",
    "ResourceNotReadyException",
    "SnapStartNotReadyException",
    "SubnetIPAddressLimitReachedException",
];

/// Returns the delay before the next attempt, or `None` if there should be none.
///
/// `attempts_made` attempts have been made, `remaining` is the time until the deadline, `random` is a random number.
pub(super) fn delay(outcome: &InvokeResult, attempts_made: u32, remaining: Duration, random: u64) -> Option<Duration> {
    let min_delay = min_delay(outcome)?;
    if attempts_made >= MAX_ATTEMPTS {
        return None;
    }
    let full = INITIAL_DELAY * 2_u32.pow(attempts_made.saturating_sub(1));
    // Between half and all of it, so that callers that failed at the same time do not retry at the same time.
    let half = full / 2;
    let delay = half + half * u32::from((random >> 48) as u16) / u32::from(u16::MAX);
    // A delay that ends after the deadline is useless.
    Some(delay.max(min_delay)).filter(|delay| *delay < remaining)
}

/// Returns the shortest delay that the service allows, or `None` if the outcome is final.
fn min_delay(outcome: &InvokeResult) -> Option<Duration> {
    match outcome {
        Ok(invoke_response) if invoke_response.status == 429 => Some(invoke_response.retry_after.unwrap_or_default()),
        Ok(invoke_response) if is_not_ready(invoke_response) => Some(Duration::ZERO),
        Err(SendError::NotSent { is_retryable: true, .. }) => Some(Duration::ZERO),
        Ok(_) | Err(_) => None,
    }
}

/// Whether the function could not be started but may start soon.
fn is_not_ready(invoke_response: &InvokeResponse) -> bool {
    matches!(invoke_response.status, 409 | 502)
        && invoke_response.code.as_deref().is_some_and(|code| NOT_READY.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::{MAX_ATTEMPTS, delay};
    use crate::remote::invoke_client::{InvokeResponse, InvokeResult, SendError};
    use serde::Deserialize;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(60);

    /// Contents of `tests/call_retries.json`, which the tests of `retry.py` read too.
    #[derive(Deserialize)]
    struct RetryPolicy {
        max_attempts: u32,
        delays_ms: Vec<DelayCase>,
        responses: Vec<ResponseCase>,
    }

    #[derive(Deserialize)]
    struct DelayCase {
        attempts_made: u32,
        shortest: Option<u128>,
        longest: Option<u128>,
    }

    #[derive(Deserialize)]
    struct ResponseCase {
        status: u16,
        code: String,
        is_retried: bool,
    }

    fn shared_policy() -> RetryPolicy {
        serde_json::from_str(include_str!("../../tests/call_retries.json")).expect("the retry policy")
    }

    fn invoke_response(status: u16, code: &str) -> InvokeResponse {
        InvokeResponse { status, code: (!code.is_empty()).then(|| code.to_owned()), ..InvokeResponse::default() }
    }

    fn not_sent(is_retryable: bool) -> SendError {
        SendError::NotSent { message: "refused".to_owned(), is_retryable }
    }

    fn is_retried(outcome: &InvokeResult) -> bool {
        delay(outcome, 1, LONG, 0).is_some()
    }

    #[test]
    fn only_requests_that_did_not_run_are_retried() {
        let policy = shared_policy();
        assert_eq!(policy.responses.len(), 24);
        for case in policy.responses {
            let outcome = Ok(invoke_response(case.status, &case.code));
            assert_eq!(is_retried(&outcome), case.is_retried, "{} {}", case.status, case.code);
        }
        assert!(is_retried(&Err(not_sent(true))));
        let permanent =
            [not_sent(false), SendError::NoCredentials("none".to_owned()), SendError::MaybeSent("reset".to_owned())];
        for error in permanent {
            assert!(!is_retried(&Err(error.clone())), "{error:?}");
        }
    }

    #[test]
    fn delays_double_with_jitter_between_half_and_full() {
        let ms = |attempts_made, random| {
            delay(&Err(not_sent(true)), attempts_made, LONG, random).map(|delay| delay.as_millis())
        };
        let policy = shared_policy();
        assert_eq!((policy.max_attempts, policy.delays_ms.len()), (MAX_ATTEMPTS, 5));
        for case in policy.delays_ms {
            assert_eq!(ms(case.attempts_made, 0), case.shortest, "{}", case.attempts_made);
            assert_eq!(ms(case.attempts_made, u64::MAX), case.longest, "{}", case.attempts_made);
        }
    }

    #[test]
    fn retry_after_extends_and_deadline_ends_delays() {
        let throttled = |seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            Ok(InvokeResponse { status: 429, retry_after, ..InvokeResponse::default() })
        };
        assert_eq!(delay(&throttled(2), 1, LONG, 0), Some(Duration::from_secs(2)));
        assert_eq!(delay(&throttled(0), 1, LONG, 0), Some(Duration::from_millis(50)));
        assert_eq!(delay(&throttled(61), 1, LONG, 0), None);
        assert_eq!(delay(&Err(not_sent(true)), 1, Duration::from_millis(50), 0), None);
    }
}
