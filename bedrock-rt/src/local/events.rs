//! Fire-and-forget: an accepted event is run, retried twice, counted when it fails for good, and waited for at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::dispatch::{Info, Local};
use super::invocation::Invocation;
use super::output;

/// Attempts of one event: the first and two retries, as on Lambda.
const ATTEMPTS: u32 = 3;
/// Seconds before the first and the second retry. Lambda waits 60 and 120; nobody wants that on a laptop.
const PAUSES: [u64; 2] = [1, 2];
/// How long the end of the program waits for events.
pub(super) const DRAIN: Duration = Duration::from_secs(10);

/// The events that are not done yet.
#[derive(Debug)]
pub(super) struct Events {
    open: watch::Sender<usize>,
    failed: AtomicUsize,
    /// Set at the end: pauses are over, what is left is run at once.
    hurry: watch::Sender<bool>,
}

impl Default for Events {
    fn default() -> Self {
        Self { open: watch::Sender::new(0), failed: AtomicUsize::new(0), hurry: watch::Sender::new(false) }
    }
}

/// How draining ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drained {
    /// Events that failed three times, since the program started.
    pub(super) failed: usize,
    /// Events that were not done in time.
    pub(super) lost: usize,
}

impl Events {
    /// Takes an event that has passed all checks.
    pub(super) fn accept(&self, local: &Arc<Local>, info: Arc<Info>, invocation: Invocation) {
        self.open.send_modify(|open| *open += 1);
        let task = Arc::clone(local);
        local.handle.spawn(async move {
            let done = Done(Arc::clone(&task));
            if !deliver(&task, &info, invocation).await {
                task.events.failed.fetch_add(1, Ordering::Relaxed);
            }
            drop(done);
        });
    }

    /// Waits until no event is open, for at most `bound`.
    pub(super) async fn drain(&self, bound: Duration) -> Drained {
        self.hurry.send_replace(true);
        let mut open = self.open.subscribe();
        let _ = tokio::time::timeout(bound, open.wait_for(|open| *open == 0)).await;
        Drained { failed: self.failed.load(Ordering::Relaxed), lost: *self.open.borrow() }
    }

    pub(super) fn open(&self) -> usize {
        *self.open.borrow()
    }
}

/// Counts the event as done, also when its task panics or is dropped.
struct Done(Arc<Local>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.events.open.send_modify(|open| *open -= 1);
    }
}

/// Whether the event was worked on with success in one of its attempts.
async fn deliver(local: &Local, info: &Info, invocation: Invocation) -> bool {
    let name = &info.entry.name;
    for attempt in 1..=ATTEMPTS {
        let Err(error) = local.run_named(name, invocation.clone()).await else { return true };
        local.hosts.output.failure(&error, &invocation.request_id);
        let pause = PAUSES.get(attempt as usize - 1).filter(|_| attempt < ATTEMPTS);
        let Some(pause) = pause else { break };
        local.hosts.output.say(&format!(
            "warning: attempt {attempt} of {ATTEMPTS} of event {} for worker `{name}` failed, the next one is due in {}",
            output::short(&invocation.request_id),
            if *local.events.hurry.borrow() { "no time".to_owned() } else { format!("{pause} s") }
        ));
        let mut hurry = local.events.hurry.subscribe();
        let _ = tokio::time::timeout(Duration::from_secs(*pause), hurry.wait_for(|hurry| *hurry)).await;
    }
    let (failed, id) = (local.events.failed.load(Ordering::Relaxed) + 1, output::short(&invocation.request_id));
    local.hosts.output.say(&format!(
        "error: event {id} for worker `{name}` failed {ATTEMPTS} times and is given up ({failed} so far)"
    ));
    false
}
