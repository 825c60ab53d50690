//! Log lines about asynchronous events, for the terminal and the log of their worker: no caller waits for a response, so
//! nothing else says that an attempt follows or that an event is given up.

use std::time::SystemTime;

use super::{AsyncEvent, Condition, DestinationKind, EventTransition};
use crate::execution::LogLine;

/// Number of characters of an event's id that commands need.
const SHORT_ID_LENGTH: usize = 8;

/// Returns the line about a transition at `now`. `None` if it needs none, for example if an event succeeded.
pub(crate) fn log_line(event: &AsyncEvent, transition: &EventTransition<'_>, now: SystemTime) -> Option<LogLine> {
    let text = match transition {
        EventTransition::Waiting(due) if event.refusals == 0 => {
            // Rounded up, so that a delay of 0.99 s is shown as 1 s.
            let seconds = due.duration_since(now).unwrap_or_default().as_millis().div_ceil(1000);
            let attempt = event.attempts;
            let attempts = event.rules.retries + 1;
            format!("warning: attempt {attempt} of {attempts} failed; the next one is in {seconds} s")
        }
        EventTransition::Over(Condition::Success) => return None,
        EventTransition::Over(condition) => {
            let id = event.id.get(..SHORT_ID_LENGTH).unwrap_or(&event.id);
            let attempts = match event.attempts {
                1 => "1 attempt".to_owned(),
                attempts => format!("{attempts} attempts"),
            };
            format!(
                "error: the event failed permanently after {attempts} ({}); `cargo bedrock queue retry {id}` runs it again",
                condition.as_str()
            )
        }
        EventTransition::Delivered(delivery)
            if delivery.as_event.is_none() && delivery.why != DestinationKind::OnSuccess =>
        {
            format!(
                "note: `{}` is outside of this app; `cargo bedrock queue ls --delivered` shows what it would receive",
                delivery.destination
            )
        }
        _ => return None,
    };
    Some(LogLine { worker: event.worker.as_str().into(), request_id: Some(event.id.as_str().into()), text })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use bytes::Bytes;
    use serde_json::Value;

    use super::log_line;
    use crate::async_queue::{
        AsyncEvent, Condition, DestinationDelivery, DestinationKind, EventInvokeConfig, EventTransition,
    };

    fn event(attempts: u32) -> AsyncEvent {
        AsyncEvent {
            id: "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0".to_owned(),
            worker: "mailer".to_owned(),
            arn: "arn".to_owned(),
            payload: Bytes::new(),
            trace: String::new(),
            rules: EventInvokeConfig { retries: 2, ..EventInvokeConfig::default() },
            accepted: SystemTime::UNIX_EPOCH,
            attempts,
            refusals: 0,
        }
    }

    fn text(event: &AsyncEvent, transition: &EventTransition<'_>) -> Option<String> {
        let line = log_line(event, transition, SystemTime::UNIX_EPOCH)?;
        assert_eq!((&*line.worker, line.request_id.as_deref()), ("mailer", Some(event.id.as_str())));
        Some(line.text)
    }

    #[test]
    fn retry_says_when_it_runs() {
        let due = SystemTime::UNIX_EPOCH + Duration::from_millis(59_001);
        let expected = "warning: attempt 1 of 3 failed; the next one is in 60 s";
        assert_eq!(text(&event(1), &EventTransition::Waiting(due)).as_deref(), Some(expected));
        let refused = AsyncEvent { refusals: 1, ..event(1) };
        assert_eq!(text(&refused, &EventTransition::Waiting(due)), None);
    }

    #[test]
    fn permanent_failure_names_the_command_that_repeats_it() {
        let expected = "error: the event failed permanently after 3 attempts (RetriesExhausted); \
                        `cargo bedrock queue retry 0b1c2d3e` runs it again";
        assert_eq!(text(&event(3), &EventTransition::Over(Condition::RetriesExhausted)).as_deref(), Some(expected));
        let aged = text(&event(1), &EventTransition::Over(Condition::EventAgeExceeded)).expect("a line");
        assert!(aged.contains("after 1 attempt (EventAgeExceeded)"), "{aged}");
    }

    #[test]
    fn success_has_no_line() {
        assert_eq!(text(&event(1), &EventTransition::Over(Condition::Success)), None);
        assert_eq!(text(&event(0), &EventTransition::Accepted), None);
    }

    #[test]
    fn dead_letter_for_another_account_says_where_it_is() {
        let delivery = |why, as_event: Option<&str>| DestinationDelivery {
            id: "0b1c2d3e".to_owned(),
            worker: "mailer".to_owned(),
            destination: "arn:aws:sqs:eu-west-1:111122223333:dead".to_owned(),
            why,
            record: Value::Null,
            attributes: None,
            as_event: as_event.map(str::to_owned),
            at: SystemTime::UNIX_EPOCH,
        };
        let dead = text(&event(3), &EventTransition::Delivered(&delivery(DestinationKind::DeadLetter, None)));
        let expected = "note: `arn:aws:sqs:eu-west-1:111122223333:dead` is outside of this app; \
                        `cargo bedrock queue ls --delivered` shows what it would receive";
        assert_eq!(dead.as_deref(), Some(expected));
        let inside = delivery(DestinationKind::OnFailure, Some("1"));
        assert_eq!(text(&event(3), &EventTransition::Delivered(&inside)), None);
        let success = delivery(DestinationKind::OnSuccess, None);
        assert_eq!(text(&event(1), &EventTransition::Delivered(&success)), None);
    }
}
