//! Decides which events of a log group are new. CloudWatch receives events late and out of order, and is queried by the time
//! at which they were logged. So each query starts before the newest known event, and known events are removed from the
//! response.

use std::collections::BTreeSet;

use super::event::LogEvent;

/// How late an event may be received and still be returned.
const MAX_LATENESS_MS: i64 = 60_000;

/// The known events of one log group.
#[derive(Debug)]
pub(super) struct LogWindow {
    /// Start of the first query.
    since: i64,
    /// Time of the newest event. The clock of this machine is not used, because it may differ from the one of AWS.
    newest: i64,
    /// Events that may be returned again: time, and what distinguishes events of that time.
    known: BTreeSet<(i64, String)>,
}

impl LogWindow {
    /// `since` is in milliseconds since 1970, like all times here.
    pub(super) fn new(since: i64) -> Self {
        Self { since, newest: since, known: BTreeSet::new() }
    }

    /// Returns the start time of the next query.
    pub(super) fn start(&self) -> i64 {
        self.since.max(self.newest.saturating_sub(MAX_LATENESS_MS))
    }

    /// Returns the new events of a response, sorted by time. Events of the same time keep their order.
    pub(super) fn take_new(&mut self, events: Vec<LogEvent>) -> Vec<LogEvent> {
        let mut keys = BTreeSet::new();
        let mut new: Vec<LogEvent> = Vec::new();
        for event in events {
            let key = key(&event, &keys);
            keys.insert(key.clone());
            if !self.known.contains(&key) {
                new.push(event);
            }
        }
        self.known.extend(keys);
        // CloudWatch accepts events from up to two hours in the future; those must not move the window.
        let times = new.iter().map(|event| event.timestamp.min(event.ingestion_time));
        self.newest = times.fold(self.newest, i64::max);
        let start = self.start();
        self.known.retain(|(time, _)| *time >= start);
        new.sort_by_key(|event| event.timestamp);
        new
    }
}

/// Returns what identifies an event. Without an id, equal lines of one response are numbered.
fn key(event: &LogEvent, keys: &BTreeSet<(i64, String)>) -> (i64, String) {
    if !event.id.is_empty() {
        return (event.timestamp, event.id.clone());
    }
    let numbered = |number: usize| (event.timestamp, format!("{}\n{number}\n{}", event.stream, event.message));
    (0..=keys.len()).map(numbered).find(|key| !keys.contains(key)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(timestamp: i64, id: &str) -> LogEvent {
        LogEvent { ingestion_time: timestamp + 5, id: id.to_owned(), ..LogEvent::example(timestamp, "s", "m") }
    }

    fn ids(events: &[LogEvent]) -> Vec<&str> {
        events.iter().map(|event| event.id.as_str()).collect()
    }

    #[test]
    fn event_is_new_only_once() {
        let mut window = LogWindow::new(0);
        assert_eq!(ids(&window.take_new(vec![event(5, "b"), event(3, "a")])), ["a", "b"]);
        assert_eq!(ids(&window.take_new(vec![event(3, "a"), event(5, "b"), event(5, "c")])), ["c"]);
        assert_eq!(ids(&window.take_new(vec![event(3, "a"), event(5, "b"), event(5, "c")])), [""; 0]);
    }

    #[test]
    fn late_event_is_queried_and_new() {
        let mut window = LogWindow::new(1_000);
        window.take_new(vec![event(100_000, "new")]);
        assert_eq!(window.start(), 100_000 - MAX_LATENESS_MS);
        assert_eq!(ids(&window.take_new(vec![event(60_000, "late"), event(100_000, "new")])), ["late"]);
        assert_eq!(window.start(), 100_000 - MAX_LATENESS_MS);
    }

    #[test]
    fn event_from_the_future_does_not_hide_current_ones() {
        let mut window = LogWindow::new(0);
        let future = LogEvent { ingestion_time: 100_000, ..event(7_300_000, "future") };
        assert_eq!(ids(&window.take_new(vec![future.clone()])), ["future"]);
        assert_eq!(window.start(), 100_000 - MAX_LATENESS_MS);
        assert_eq!(ids(&window.take_new(vec![event(101_000, "now"), future])), ["now"]);
    }

    #[test]
    fn window_never_starts_before_the_first_query() {
        let mut window = LogWindow::new(50_000);
        assert_eq!(window.start(), 50_000);
        window.take_new(vec![event(51_000, "a")]);
        assert_eq!(window.start(), 50_000);
    }

    #[test]
    fn events_before_the_window_are_forgotten() {
        let mut window = LogWindow::new(0);
        for second in 0..1_000 {
            window.take_new(vec![event(second * 1_000, &second.to_string())]);
        }
        assert!(window.known.len() <= 61, "{}", window.known.len());
    }

    #[test]
    fn equal_events_without_id_are_counted() {
        let mut window = LogWindow::new(0);
        assert_eq!(window.take_new(vec![event(5, ""), event(5, "")]).len(), 2);
        assert_eq!(window.take_new(vec![event(5, ""), event(5, ""), event(5, "")]).len(), 1);
    }
}
