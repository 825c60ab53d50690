//! Events that outlive the others: what belongs to failed invocations, and builds. A flood of successful calls does not evict
//! them.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::event::{DevEvent, DevEventKind};
use super::memory_size::memory_size;

/// Events that were evicted from the log, and are still stored.
#[derive(Debug)]
pub(super) struct KeptEvents {
    failures: Ring,
    builds: Ring,
    /// The request ids of failed invocations whose end is stored.
    failed: HashSet<Arc<str>>,
}

/// The newest events, in the order of their ids.
#[derive(Debug)]
struct Ring {
    events: VecDeque<Arc<DevEvent>>,
    bytes: usize,
    max_count: usize,
    max_bytes: usize,
}

impl Default for KeptEvents {
    fn default() -> Self {
        Self {
            failures: Ring::new(4000, 8 * 1024 * 1024),
            builds: Ring::new(400, 4 * 1024 * 1024),
            failed: HashSet::new(),
        }
    }
}

impl KeptEvents {
    /// Learns of an event that is published.
    pub(super) fn publish(&mut self, kind: &DevEventKind) {
        if let DevEventKind::InvocationEnded(ended) = kind
            && ended.is_failure()
        {
            self.failed.insert(Arc::clone(&ended.request_id));
        }
    }

    /// Takes an event that is evicted from the log, and stores it if it is one of those that are kept.
    pub(super) fn evict(&mut self, event: Arc<DevEvent>) {
        let ring = match &event.kind {
            DevEventKind::Build(_) | DevEventKind::Reloaded(_) => &mut self.builds,
            kind if kind.request_id().is_some_and(|id| self.failed.contains(id)) => &mut self.failures,
            _ => return,
        };
        for dropped in ring.push(event) {
            if let DevEventKind::InvocationEnded(ended) = &dropped.kind {
                self.failed.remove(&ended.request_id);
            }
        }
    }

    /// Returns the stored events, oldest first.
    pub(super) fn all(&self) -> Vec<Arc<DevEvent>> {
        let mut all: Vec<_> = self.failures.events.iter().chain(&self.builds.events).map(Arc::clone).collect();
        all.sort_by_key(|event| event.id);
        all
    }
}

impl Ring {
    fn new(max_count: usize, max_bytes: usize) -> Self {
        Self { events: VecDeque::new(), bytes: 0, max_count, max_bytes }
    }

    /// Adds an event, and returns those that are dropped for it.
    fn push(&mut self, event: Arc<DevEvent>) -> Vec<Arc<DevEvent>> {
        self.bytes += memory_size(&event.kind);
        self.events.push_back(event);
        let mut dropped = Vec::new();
        while self.events.len() > self.max_count || self.bytes > self.max_bytes {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= memory_size(&oldest.kind);
            dropped.push(oldest);
        }
        dropped
    }
}
