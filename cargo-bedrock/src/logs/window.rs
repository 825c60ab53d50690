//! Which events of a function are new. CloudWatch takes events in late and out of order, and is asked by the time at which
//! they were written: so each question goes back behind what is known, and what is known is left out of the answer.

use std::collections::BTreeSet;

use super::event::Event;

/// How late an event may come and still be seen, in milliseconds.
const LATE: i64 = 60_000;

/// What is known of one function's log.
#[derive(Debug)]
pub(super) struct Window {
    /// Nothing before it was asked for.
    since: i64,
    /// The time of the newest event. Not that of this machine's clock, which may be another than AWS's.
    newest: i64,
    /// What was shown and may be answered again: time, and what tells events of that time apart.
    known: BTreeSet<(i64, String)>,
}

impl Window {
    pub(super) fn new(since: i64) -> Self {
        Self { since, newest: since, known: BTreeSet::new() }
    }

    /// From when on to ask next.
    pub(super) fn start(&self) -> i64 {
        self.since.max(self.newest.saturating_sub(LATE))
    }

    /// The new ones of an answer, in the order of time.
    pub(super) fn take(&mut self, events: Vec<Event>) -> Vec<Event> {
        let mut keys = BTreeSet::new();
        let mut fresh: Vec<Event> = Vec::new();
        for event in events {
            let key = key(&event, &keys);
            keys.insert(key.clone());
            if !self.known.contains(&key) {
                fresh.push(event);
            }
        }
        self.known.extend(keys);
        // A line may say that it was written later than it was taken in, by up to two hours.
        let times = fresh.iter().map(|event| event.time.min(event.ingested));
        self.newest = times.fold(self.newest, i64::max);
        let start = self.start();
        self.known.retain(|(time, _)| *time >= start);
        // Events of one time keep the order of the answer.
        fresh.sort_by_key(|event| event.time);
        fresh
    }
}

/// Where there is no id, equal lines of one answer are told apart by counting them.
fn key(event: &Event, keys: &BTreeSet<(i64, String)>) -> (i64, String) {
    if !event.id.is_empty() {
        return (event.time, event.id.clone());
    }
    let numbered = |number: usize| (event.time, format!("{}\n{number}\n{}", event.stream, event.message));
    (0..=keys.len()).map(numbered).find(|key| !keys.contains(key)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(time: i64, id: &str) -> Event {
        Event { time, ingested: time + 5, id: id.to_owned(), stream: "s".to_owned(), message: "m".to_owned() }
    }

    fn ids(events: &[Event]) -> Vec<&str> {
        events.iter().map(|event| event.id.as_str()).collect()
    }

    #[test]
    fn an_event_is_new_once() {
        let mut window = Window::new(0);
        assert_eq!(ids(&window.take(vec![event(5, "b"), event(3, "a")])), ["a", "b"]);
        assert_eq!(ids(&window.take(vec![event(3, "a"), event(5, "b"), event(5, "c")])), ["c"]);
        assert_eq!(ids(&window.take(vec![event(3, "a"), event(5, "b"), event(5, "c")])), [""; 0]);
    }

    #[test]
    fn an_event_that_comes_late_is_asked_for_and_shown() {
        let mut window = Window::new(1_000);
        window.take(vec![event(100_000, "new")]);
        assert_eq!(window.start(), 100_000 - LATE);
        assert_eq!(ids(&window.take(vec![event(60_000, "late"), event(100_000, "new")])), ["late"]);
        assert_eq!(window.start(), 100_000 - LATE);
    }

    #[test]
    fn a_line_from_the_future_does_not_hide_those_of_now() {
        let mut window = Window::new(0);
        let future = Event { ingested: 100_000, ..event(7_300_000, "future") };
        assert_eq!(ids(&window.take(vec![future.clone()])), ["future"]);
        assert_eq!(window.start(), 100_000 - LATE);
        assert_eq!(ids(&window.take(vec![event(101_000, "now"), future])), ["now"]);
    }

    #[test]
    fn nothing_before_the_beginning_is_asked_for() {
        let mut window = Window::new(50_000);
        assert_eq!(window.start(), 50_000);
        window.take(vec![event(51_000, "a")]);
        assert_eq!(window.start(), 50_000);
    }

    #[test]
    fn what_is_too_old_to_be_answered_is_forgotten() {
        let mut window = Window::new(0);
        for second in 0..1_000 {
            window.take(vec![event(second * 1_000, &second.to_string())]);
        }
        assert!(window.known.len() <= 61, "{}", window.known.len());
    }

    #[test]
    fn equal_lines_without_an_id_are_as_many_as_they_are() {
        let mut window = Window::new(0);
        assert_eq!(window.take(vec![event(5, ""), event(5, "")]).len(), 2);
        assert_eq!(window.take(vec![event(5, ""), event(5, ""), event(5, "")]).len(), 1);
    }
}
