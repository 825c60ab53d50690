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
        Ok(answer) if answer.status == 429 => Some(answer.retry_after.unwrap_or_default()),
        Ok(answer) if is_not_ready(answer) => Some(Duration::ZERO),
        Err(SendError::NotSent { is_retryable: true, .. }) => Some(Duration::ZERO),
        Ok(_) | Err(_) => None,
    }
}

/// Whether the function could not be started but may start soon.
fn is_not_ready(answer: &InvokeResponse) -> bool {
    matches!(answer.status, 409 | 502) && answer.code.as_deref().is_some_and(|code| NOT_READY.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::{MAX_ATTEMPTS, delay};
    use crate::remote::invoke_client::{InvokeResponse, InvokeResult, SendError};
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(60);

    fn answer(status: u16, code: &str) -> InvokeResponse {
        InvokeResponse { status, code: (!code.is_empty()).then(|| code.to_owned()), ..InvokeResponse::default() }
    }

    fn not_sent(is_retryable: bool) -> SendError {
        SendError::NotSent { message: "refused".to_owned(), is_retryable }
    }

    fn is_retried(outcome: &InvokeResult) -> bool {
        delay(outcome, 1, LONG, 0).is_some()
    }

    #[test]
    fn only_what_surely_did_not_run_is_retried() {
        let answers = [
            (answer(429, "TooManyRequestsException"), true),
            (answer(429, ""), true),
            (answer(409, "ResourceConflictException"), true),
            (answer(409, "SnapStartNotReadyException"), true),
            (answer(409, "DurableExecutionAlreadyStartedException"), false),
            (answer(409, ""), false),
            (answer(502, "ResourceNotReadyException"), true),
            (answer(502, "ENINotReadyException"), true),
            (answer(502, "EC2ThrottledException"), true),
            (answer(502, "ENILimitReachedException"), true),
            (answer(502, "SubnetIPAddressLimitReachedException"), true),
            (answer(502, "KMSDisabledException"), false),
            (answer(502, "InvalidZipFileException"), false),
            (answer(502, ""), false),
            (answer(500, "ServiceException"), false),
            // The code is not enough: with this status any proxy could have sent it.
            (answer(500, "ResourceNotReadyException"), false),
            (answer(503, ""), false),
            (answer(504, ""), false),
            (answer(400, "RecursiveInvocationException"), false),
            (answer(403, "AccessDeniedException"), false),
            (answer(404, "ResourceNotFoundException"), false),
            (answer(413, "RequestTooLargeException"), false),
            (answer(200, ""), false),
            (answer(202, ""), false),
        ];
        for (answer, again) in answers {
            assert_eq!(is_retried(&Ok(answer.clone())), again, "{answer:?}");
        }
        assert!(is_retried(&Err(not_sent(true))));
        let lost =
            [not_sent(false), SendError::NoCredentials("none".to_owned()), SendError::MaybeSent("reset".to_owned())];
        for lost in lost {
            assert!(!is_retried(&Err(lost.clone())), "{lost:?}");
        }
    }

    #[test]
    fn delays_double_with_jitter_between_half_and_full() {
        let ms = |attempts_made, random| {
            delay(&Err(not_sent(true)), attempts_made, LONG, random).map(|delay| delay.as_millis())
        };
        let shortest: Vec<_> = (1..=MAX_ATTEMPTS).map(|attempts_made| ms(attempts_made, 0)).collect();
        assert_eq!(shortest, [Some(50), Some(100), Some(200), Some(400), None]);
        let longest: Vec<_> = (1..=MAX_ATTEMPTS).map(|attempts_made| ms(attempts_made, u64::MAX)).collect();
        assert_eq!(longest, [Some(100), Some(200), Some(400), Some(800), None]);
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
