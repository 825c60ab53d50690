//! When a failed event is run again: Lambda's rules for asynchronous invocations (developer guide, "Error handling").

use std::time::{Duration, SystemTime};

use crate::async_event::{AsyncEvent, Attempt, Condition};

/// Seconds before the first and the second retry after an error of the function.
const RETRY_DELAYS_SECS: [u64; 2] = [60, 120];
/// Seconds before the next try after the function could not be run. The delay doubles each time.
const FIRST_REFUSAL_DELAY_SECS: u64 = 1;
/// Maximum of that delay, in seconds.
const MAX_REFUSAL_DELAY_SECS: u64 = 300;

/// Returns the longest time that an event waits for its next attempt.
pub fn max_delay(refusals: u32) -> Duration {
    Duration::from_secs(if refusals > 0 { MAX_REFUSAL_DELAY_SECS } else { RETRY_DELAYS_SECS[1] })
}

/// What to do with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// Run it at this time.
    RunAt(SystemTime),
    /// Remove it from the queue: it succeeded or failed permanently.
    Finish(Condition),
}

/// Decides what to do with an event after an attempt, which `event` already counts. With `None` it decides before an
/// attempt whether the event has become too old.
pub fn decide(event: &AsyncEvent, attempt: Option<&Attempt>, now: SystemTime) -> RetryDecision {
    let due = match attempt {
        None => now,
        Some(Attempt::Answered(_)) => return RetryDecision::Finish(Condition::Success),
        // AWS has no condition of its own for a recursive loop.
        Some(Attempt::Dropped(_)) => return RetryDecision::Finish(Condition::RetriesExhausted),
        Some(Attempt::Failed(_)) if event.attempts > event.rules.retries => {
            return RetryDecision::Finish(Condition::RetriesExhausted);
        }
        Some(Attempt::Failed(_)) => {
            let number = usize::try_from(event.attempts).unwrap_or(usize::MAX).clamp(1, RETRY_DELAYS_SECS.len());
            now + Duration::from_secs(RETRY_DELAYS_SECS[number - 1])
        }
        Some(Attempt::Refused(_)) => {
            let doublings = event.refusals.saturating_sub(1).min(16);
            now + Duration::from_secs((FIRST_REFUSAL_DELAY_SECS << doublings).min(MAX_REFUSAL_DELAY_SECS))
        }
    };
    // An event that would be too old at its next attempt is finished now, so that its destination hears of it early.
    let age = due.duration_since(event.accepted).unwrap_or_default();
    if age > Duration::from_secs(event.rules.max_age) {
        RetryDecision::Finish(Condition::EventAgeExceeded)
    } else {
        RetryDecision::RunAt(due)
    }
}

#[cfg(test)]
mod tests {
    use super::{AsyncEvent, Attempt, Condition, RetryDecision, decide};
    use crate::event_invoke_config::EventInvokeConfig;
    use bytes::Bytes;
    use serde_json::json;
    use std::time::{Duration, UNIX_EPOCH};

    fn event(attempts: u32, refusals: u32, rules: EventInvokeConfig) -> AsyncEvent {
        AsyncEvent {
            id: "id".to_owned(),
            worker: "worker".to_owned(),
            arn: "arn".to_owned(),
            payload: Bytes::from_static(b"{}"),
            trace: String::new(),
            rules,
            accepted: UNIX_EPOCH,
            attempts,
            refusals,
        }
    }

    fn run_at(seconds: u64) -> RetryDecision {
        RetryDecision::RunAt(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    #[test]
    fn failed_event_is_retried_after_one_and_two_minutes() {
        let failed = Attempt::Failed(json!({}));
        let after = |attempts, seconds| {
            decide(
                &event(attempts, 0, EventInvokeConfig::default()),
                Some(&failed),
                UNIX_EPOCH + Duration::from_secs(seconds),
            )
        };
        assert_eq!(after(1, 0), run_at(60));
        assert_eq!(after(2, 60), run_at(180));
        assert_eq!(after(3, 180), RetryDecision::Finish(Condition::RetriesExhausted));
        let once = EventInvokeConfig { retries: 0, ..EventInvokeConfig::default() };
        assert_eq!(
            decide(&event(1, 0, once), Some(&failed), UNIX_EPOCH),
            RetryDecision::Finish(Condition::RetriesExhausted)
        );
        let dropped = Attempt::Dropped(json!({}));
        assert_eq!(
            decide(&event(0, 0, EventInvokeConfig::default()), Some(&dropped), UNIX_EPOCH),
            RetryDecision::Finish(Condition::RetriesExhausted)
        );
        let answered = Attempt::Answered(Bytes::new());
        assert_eq!(
            decide(&event(1, 0, EventInvokeConfig::default()), Some(&answered), UNIX_EPOCH),
            RetryDecision::Finish(Condition::Success)
        );
    }

    #[test]
    fn refused_event_is_retried_with_exponential_backoff() {
        let refused = Attempt::Refused("429".to_owned());
        let pauses: Vec<_> = (1..=11)
            .map(|refusals| decide(&event(0, refusals, EventInvokeConfig::default()), Some(&refused), UNIX_EPOCH))
            .collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map(run_at));
    }

    #[test]
    fn event_over_maximum_age_is_finished() {
        let config = || EventInvokeConfig { max_age: 60, ..EventInvokeConfig::default() };
        let now = |seconds: u64| UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(decide(&event(0, 0, config()), None, now(60)), run_at(60));
        assert_eq!(decide(&event(0, 0, config()), None, now(61)), RetryDecision::Finish(Condition::EventAgeExceeded));
        let failed = Attempt::Failed(json!({}));
        assert_eq!(decide(&event(1, 0, config()), Some(&failed), now(0)), run_at(60));
        assert_eq!(
            decide(&event(1, 0, config()), Some(&failed), now(1)),
            RetryDecision::Finish(Condition::EventAgeExceeded)
        );
    }
}
