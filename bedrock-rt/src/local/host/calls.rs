//! The calls that a host has and has not answered: whose turn it is, and which of them it can have begun.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::Error;

/// A worker that answers within this may be sent calls ahead.
const QUICK: Duration = Duration::from_millis(1);
/// Answers that must have been quick before that.
const ENOUGH: u32 = 4;

/// What came of a call.
#[derive(Debug)]
pub(super) enum Came {
    Answer(Result<Bytes, Error>),
    NotRun,
}

/// Whether the host works on a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It works on an earlier one.
    Queued,
    /// It has been working on it for so long.
    Since(Duration),
    /// It has been answered, or was never sent.
    Over,
}

#[derive(Debug)]
pub(super) struct Calls {
    waiting: HashMap<u64, (oneshot::Sender<Came>, Instant)>,
    /// The order in which the host works on them, if it works on one after the other.
    order: Option<VecDeque<u64>>,
    /// Since when it works on the first of `order`.
    first_since: Instant,
    /// Quick answers in a row.
    quick: u32,
    /// The host has said that it leaves: it begins none of the calls that it still has.
    leaving: bool,
    /// It is given no more calls; those that it has it may finish.
    retired: bool,
    closed: bool,
}

impl Calls {
    pub(super) fn new(one_by_one: bool) -> Self {
        Self {
            waiting: HashMap::new(),
            order: one_by_one.then(VecDeque::new),
            first_since: Instant::now(),
            quick: 0,
            leaving: false,
            retired: false,
            closed: false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn closed(&self) -> bool {
        self.closed
    }

    pub(super) fn retired(&self) -> bool {
        self.retired
    }

    /// From now on no call is begun here.
    pub(super) fn retire(&mut self) {
        self.retired = true;
    }

    pub(super) fn one_by_one(&self) -> bool {
        self.order.is_some()
    }

    /// Whether another call may be sent ahead: the worker has been quick, and the one it works on is not late either.
    pub(super) fn quick(&self) -> bool {
        let late = self.order.as_ref().is_some_and(|order| !order.is_empty()) && self.first_since.elapsed() >= QUICK;
        self.quick >= ENOUGH && !late
    }

    /// Notes a call that is about to be sent; gives how many there are now, nothing if the host is gone or
    /// retired.
    pub(super) fn begin(&mut self, id: u64, answer: oneshot::Sender<Came>) -> Option<usize> {
        if self.closed || self.retired {
            return None;
        }
        let now = Instant::now();
        if let Some(order) = &mut self.order {
            if order.is_empty() {
                self.first_since = now;
            }
            order.push_back(id);
        }
        self.waiting.insert(id, (answer, now));
        Some(self.waiting.len())
    }

    /// The host has answered a call, or given it back.
    pub(super) fn end(&mut self, id: u64) -> Option<oneshot::Sender<Came>> {
        if let Some(order) = &mut self.order {
            if order.front() == Some(&id) {
                order.pop_front();
                let took = self.first_since.elapsed();
                self.first_since += took;
                self.quick = if took < QUICK { self.quick.saturating_add(1) } else { 0 };
            } else {
                order.retain(|other| *other != id);
            }
        }
        self.abandon(id)
    }

    /// Nobody waits for a call any more. It keeps its place in the order: until the host has answered it, the host has
    /// not begun the next one.
    pub(super) fn abandon(&mut self, id: u64) -> Option<oneshot::Sender<Came>> {
        self.waiting.remove(&id).map(|(answer, _)| answer)
    }

    pub(super) fn turn(&self, id: u64) -> Turn {
        let Some((_, sent)) = self.waiting.get(&id) else { return Turn::Over };
        match &self.order {
            None => Turn::Since(sent.elapsed()),
            Some(order) if order.front() == Some(&id) => Turn::Since(self.first_since.elapsed()),
            Some(_) => Turn::Queued,
        }
    }

    /// The host has said that it ends because of the call `id`, if it still has it.
    pub(super) fn no_more_begun_after(&mut self, id: u64) {
        self.leaving |= self.order.is_some() && self.waiting.contains_key(&id);
    }

    /// The host is gone. Gives those who wait, each with whether its call may have been begun.
    pub(super) fn close(&mut self) -> Vec<(oneshot::Sender<Came>, bool)> {
        self.closed = true;
        let first = self.order.as_ref().map(|order| order.front().copied());
        let leaving = self.leaving;
        let begun = |id: u64| first.is_none_or(|first| first == Some(id) && !leaving);
        self.waiting.drain().map(|(id, (answer, _))| (answer, begun(id))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Calls, Came, Turn};
    use tokio::sync::oneshot::channel;

    #[test]
    fn of_a_host_that_works_one_by_one_only_the_first_call_can_have_been_begun() {
        let mut calls = Calls::new(true);
        for id in 1..=3 {
            calls.begin(id, channel().0);
        }
        assert!(matches!(calls.turn(1), Turn::Since(_)));
        assert_eq!((calls.turn(2), calls.turn(9)), (Turn::Queued, Turn::Over));
        calls.end(1);
        assert!(matches!(calls.turn(2), Turn::Since(_)));
        let begun: Vec<bool> = calls.close().into_iter().map(|(_, begun)| begun).collect();
        assert_eq!(begun.iter().filter(|begun| **begun).count(), 1);
        assert!(calls.begin(4, channel().0).is_none());
    }

    #[test]
    fn behind_a_call_that_is_waited_for_no_longer_nothing_has_been_begun() {
        let mut calls = Calls::new(true);
        for id in 1..=2 {
            calls.begin(id, channel().0);
        }
        calls.abandon(1);
        assert_eq!(calls.turn(2), Turn::Queued);
        // Unless its answer came after all.
        calls.end(1);
        assert!(matches!(calls.turn(2), Turn::Since(_)));
        assert!(calls.close().into_iter().all(|(_, begun)| begun));
    }

    #[test]
    fn of_a_host_that_leaves_none_of_the_rest_has_been_begun() {
        let mut calls = Calls::new(true);
        for id in 1..=3 {
            calls.begin(id, channel().0);
        }
        calls.no_more_begun_after(1);
        calls.end(1);
        assert!(calls.close().into_iter().all(|(_, begun)| !begun));
    }

    #[test]
    fn a_host_that_is_retired_gets_no_further_call_and_keeps_those_it_has() {
        let mut calls = Calls::new(false);
        let (answer, mut answered) = channel();
        calls.begin(1, answer);
        calls.retire();
        assert!(calls.begin(2, channel().0).is_none());
        assert_eq!((calls.len(), calls.closed()), (1, false));
        assert!(calls.end(1).is_some_and(|answer| answer.send(Came::NotRun).is_ok()));
        assert!(answered.try_recv().is_ok());
    }

    #[test]
    fn of_a_host_with_threads_every_call_may_have_been_begun() {
        let mut calls = Calls::new(false);
        for id in 1..=3 {
            calls.begin(id, channel().0);
        }
        assert!(matches!(calls.turn(3), Turn::Since(_)));
        calls.no_more_begun_after(1);
        assert!(calls.close().into_iter().all(|(_, begun)| begun));
    }
}
