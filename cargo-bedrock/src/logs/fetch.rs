//! Asking CloudWatch Logs for the events of one function.

use super::event::Event;
use crate::aws::{Aws, Failure, Repeat, call};

/// All events of the log group `group` from `start` on. None if there is no such group: its function was never deployed,
/// or, where nobody made the group, never ran.
pub(super) async fn events(aws: &Aws, group: &str, start: i64) -> Result<Option<Vec<Event>>, Failure> {
    let (mut events, mut token) = (Vec::new(), None::<String>);
    loop {
        let ask = || {
            let page = aws.logs.filter_log_events().log_group_name(group).start_time(start);
            page.set_next_token(token.clone()).send()
        };
        let answer = match call(Repeat::Always, ask).await {
            Ok(answer) => answer,
            Err(failure) if failure.is_missing() => return Ok(None),
            Err(failure) => return Err(failure),
        };
        events.extend(answer.events.unwrap_or_default().into_iter().map(|event| Event {
            time: event.timestamp.unwrap_or_default(),
            // What does not say it came in on time.
            ingested: event.ingestion_time.or(event.timestamp).unwrap_or_default(),
            id: event.event_id.unwrap_or_default(),
            stream: event.log_stream_name.unwrap_or_default(),
            message: event.message.unwrap_or_default(),
        }));
        // A page may be empty and not the last.
        match answer.next_token {
            Some(next) if token.as_ref() != Some(&next) => token = Some(next),
            _ => return Ok(Some(events)),
        }
    }
}
