//! Which failures are tried again, and when. Pure: knows no clock and no connection.
//!
//! Only what surely did not run: AWS's own SDKs also repeat a request whose answer was late or lost, and the function
//! then runs two or three times.

use std::time::Duration;

use super::wire::{Answer, Lost, Outcome};

/// How often a call is attempted at most. With the pauses that is about a second and a half.
const ATTEMPTS: u32 = 5;
/// The pause after the first attempt; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);

/// Codes of 409 and 502 that say: the function is not ready yet (Lambda API model, errors of `Invoke`).
const NOT_READY: &[&str] = &[
    "EC2ThrottledException",
    "ENILimitReachedException",
    "ENINotReadyException",
    "ResourceConflictException",
    "ResourceNotReadyException",
    "SnapStartNotReadyException",
    "SubnetIPAddressLimitReachedException",
];

/// How long to wait before the next attempt; nothing if there should be none.
///
/// `made` attempts have been made, `left` is what remains until the deadline, `chance` any number.
pub(super) fn pause(outcome: &Outcome, made: u32, left: Duration, chance: u64) -> Option<Duration> {
    let at_least = at_least(outcome)?;
    if made >= ATTEMPTS {
        return None;
    }
    let full = PAUSE * 2_u32.pow(made.saturating_sub(1));
    // Between half and all of it, so that callers who failed together do not come back together.
    let half = full / 2;
    let pause = half + half * u32::from((chance >> 48) as u16) / u32::from(u16::MAX);
    // What would end after the deadline need not begin.
    Some(pause.max(at_least)).filter(|pause| *pause < left)
}

/// What the service asks to be waited; nothing if the outcome is final.
fn at_least(outcome: &Outcome) -> Option<Duration> {
    match outcome {
        Ok(answer) if answer.status == 429 => Some(answer.retry_after.unwrap_or_default()),
        Ok(answer) if is_not_ready(answer) => Some(Duration::ZERO),
        Err(Lost::NotSent { again: true, .. }) => Some(Duration::ZERO),
        Ok(_) | Err(_) => None,
    }
}

/// Whether the function could not be started, but may be soon.
fn is_not_ready(answer: &Answer) -> bool {
    matches!(answer.status, 409 | 502) && answer.code.as_deref().is_some_and(|code| NOT_READY.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::{ATTEMPTS, pause};
    use crate::remote::wire::{Answer, Lost, Outcome};
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(60);

    fn answer(status: u16, code: &str) -> Answer {
        Answer { status, code: (!code.is_empty()).then(|| code.to_owned()), ..Answer::default() }
    }

    fn not_sent(again: bool) -> Lost {
        Lost::NotSent { message: "refused".to_owned(), again }
    }

    fn is_tried_again(outcome: &Outcome) -> bool {
        pause(outcome, 1, LONG, 0).is_some()
    }

    #[test]
    fn only_what_surely_did_not_run_is_tried_again() {
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
            // The code alone is not enough: this could come from anybody.
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
            assert_eq!(is_tried_again(&Ok(answer.clone())), again, "{answer:?}");
        }
        assert!(is_tried_again(&Err(not_sent(true))));
        let lost = [not_sent(false), Lost::NoCredentials("none".to_owned()), Lost::Sent("reset".to_owned())];
        for lost in lost {
            assert!(!is_tried_again(&Err(lost.clone())), "{lost:?}");
        }
    }

    #[test]
    fn pauses_double_and_vary_between_half_and_full() {
        let ms = |made, chance| pause(&Err(not_sent(true)), made, LONG, chance).map(|pause| pause.as_millis());
        let shortest: Vec<_> = (1..=ATTEMPTS).map(|made| ms(made, 0)).collect();
        assert_eq!(shortest, [Some(50), Some(100), Some(200), Some(400), None]);
        let longest: Vec<_> = (1..=ATTEMPTS).map(|made| ms(made, u64::MAX)).collect();
        assert_eq!(longest, [Some(100), Some(200), Some(400), Some(800), None]);
    }

    #[test]
    fn the_service_may_ask_for_a_longer_pause_and_the_deadline_ends_it_all() {
        let throttled = |seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            Ok(Answer { status: 429, retry_after, ..Answer::default() })
        };
        assert_eq!(pause(&throttled(2), 1, LONG, 0), Some(Duration::from_secs(2)));
        assert_eq!(pause(&throttled(0), 1, LONG, 0), Some(Duration::from_millis(50)));
        assert_eq!(pause(&throttled(61), 1, LONG, 0), None);
        assert_eq!(pause(&Err(not_sent(true)), 1, Duration::from_millis(50), 0), None);
    }
}
