//! What comes after an attempt. Lambda's rules for asynchronous invocations (developer guide, "Error handling").

use std::time::{Duration, SystemTime};

use super::event::{Attempt, Condition, Event};

/// Seconds before the first and the second retry of a function's error.
const PAUSES: [u64; 2] = [60, 120];
/// Seconds before the next try of what could not be run; twice as many each time.
const REFUSED: u64 = 1;
/// Most of those seconds.
const REFUSED_MOST: u64 = 300;

/// The longest that an event may wait for its next run, as the rules above have it.
pub fn longest(refusals: u32) -> Duration {
    Duration::from_secs(if refusals > 0 { REFUSED_MOST } else { PAUSES[1] })
}

/// What to do with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Run it at this time.
    At(SystemTime),
    /// It leaves the queue.
    Over(Condition),
}

/// After an attempt, which is counted in `event` already. `None` asks before one, because time has passed.
pub fn next(event: &Event, attempt: Option<&Attempt>, now: SystemTime) -> Next {
    let at = match attempt {
        None => now,
        Some(Attempt::Answered(_)) => return Next::Over(Condition::Success),
        // AWS has no word of its own for it.
        Some(Attempt::Dropped(_)) => return Next::Over(Condition::RetriesExhausted),
        Some(Attempt::Failed(_)) if event.attempts > event.rules.retries => {
            return Next::Over(Condition::RetriesExhausted);
        }
        Some(Attempt::Failed(_)) => {
            let number = usize::try_from(event.attempts).unwrap_or(usize::MAX).clamp(1, PAUSES.len());
            now + Duration::from_secs(PAUSES[number - 1])
        }
        Some(Attempt::Refused(_)) => {
            let doublings = event.refusals.saturating_sub(1).min(16);
            now + Duration::from_secs((REFUSED << doublings).min(REFUSED_MOST))
        }
    };
    // An event that would be too old by then is given up now: nobody has to wait to learn of it.
    let age = at.duration_since(event.accepted).unwrap_or_default();
    if age > Duration::from_secs(event.rules.max_age) { Next::Over(Condition::EventAgeExceeded) } else { Next::At(at) }
}

#[cfg(test)]
mod tests {
    use super::{Attempt, Condition, Event, Next, next};
    use crate::local::queue::Rules;
    use bytes::Bytes;
    use serde_json::json;
    use std::time::{Duration, UNIX_EPOCH};

    fn event(attempts: u32, refusals: u32, rules: Rules) -> Event {
        Event {
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

    fn at(seconds: u64) -> Next {
        Next::At(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    #[test]
    fn a_failed_event_is_tried_after_one_minute_and_after_two_more_and_then_given_up() {
        let failed = Attempt::Failed(json!({}));
        let after = |attempts, seconds| {
            next(&event(attempts, 0, Rules::default()), Some(&failed), UNIX_EPOCH + Duration::from_secs(seconds))
        };
        assert_eq!(after(1, 0), at(60));
        assert_eq!(after(2, 60), at(180));
        assert_eq!(after(3, 180), Next::Over(Condition::RetriesExhausted));
        let once = Rules { retries: 0, ..Rules::default() };
        assert_eq!(next(&event(1, 0, once), Some(&failed), UNIX_EPOCH), Next::Over(Condition::RetriesExhausted));
        let dropped = Attempt::Dropped(json!({}));
        assert_eq!(
            next(&event(0, 0, Rules::default()), Some(&dropped), UNIX_EPOCH),
            Next::Over(Condition::RetriesExhausted)
        );
        let answered = Attempt::Answered(Bytes::new());
        assert_eq!(next(&event(1, 0, Rules::default()), Some(&answered), UNIX_EPOCH), Next::Over(Condition::Success));
    }

    #[test]
    fn what_could_not_be_run_is_no_attempt_and_is_tried_ever_more_rarely() {
        let refused = Attempt::Refused("429".to_owned());
        let pauses: Vec<_> =
            (1..=11).map(|refusals| next(&event(0, refusals, Rules::default()), Some(&refused), UNIX_EPOCH)).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map(at));
    }

    #[test]
    fn an_event_that_waits_for_too_long_is_given_up() {
        let rules = || Rules { max_age: 60, ..Rules::default() };
        let now = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(next(&event(0, 0, rules()), None, now(60)), at(60));
        assert_eq!(next(&event(0, 0, rules()), None, now(61)), Next::Over(Condition::EventAgeExceeded));
        let failed = Attempt::Failed(json!({}));
        assert_eq!(next(&event(1, 0, rules()), Some(&failed), now(0)), at(60));
        assert_eq!(next(&event(1, 0, rules()), Some(&failed), now(1)), Next::Over(Condition::EventAgeExceeded));
    }
}
