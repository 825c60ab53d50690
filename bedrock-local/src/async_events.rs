//! Fire-and-forget calls of `cargo run`: events in memory, retried and finished as the settings of the worker say, and
//! waited for at the end of the program.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use bedrock_model::{
    AsyncEvent, AsyncInvoker, AttemptFuture, Claim, Condition, DestinationFunction, DestinationKind, EventHandlers,
    EventTransition, MemoryStore, RetryDecision,
};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};

use super::output::{Output, short_id};

/// How many times faster than Lambda a retry follows: after one and two seconds instead of one and two minutes.
const ACCELERATION: u32 = 60;
/// How long the end of the program waits for events.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// What the events need from the app.
pub(crate) trait EventTarget: Send + Sync {
    /// Runs an event once.
    fn attempt(&self, event: AsyncEvent) -> AttemptFuture;

    /// Resolves the destination of an event to a function of this app. Returns `None` if it is outside the app.
    fn resolve(&self, destination: &str, event: &AsyncEvent) -> Option<DestinationFunction>;
}

/// The asynchronous events of an app.
pub struct AsyncEvents {
    invoker: AsyncInvoker<MemoryStore>,
    progress: Arc<Progress>,
    handle: Handle,
    /// Started with the first event that is retried.
    scheduler: OnceLock<()>,
}

/// What the observer of the events keeps.
struct Progress {
    /// Accepted events that are not finished.
    open: watch::Sender<usize>,
    /// Events that failed permanently since the program started.
    failed: AtomicUsize,
    /// Notified when an event waits for a retry.
    rescheduled: Notify,
    output: Output,
}

/// How waiting for the events ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrainResult {
    /// Events that failed permanently since the program started.
    pub failed: usize,
    /// Events that were not finished in time.
    pub unfinished: usize,
}

impl AsyncEvents {
    pub(crate) fn new(handle: Handle, output: Output, target: Arc<dyn EventTarget>) -> Arc<Self> {
        let open = watch::Sender::new(0);
        let progress = Arc::new(Progress { open, failed: AtomicUsize::new(0), rescheduled: Notify::new(), output });
        let observer = Arc::clone(&progress);
        let resolver = Arc::clone(&target);
        let handlers = EventHandlers {
            run: Box::new(move |event| target.attempt(event)),
            resolve: Box::new(move |destination, event| resolver.resolve(destination, event)),
            observer: Box::new(move |event, transition| observer.observe(event, transition)),
        };
        let invoker = AsyncInvoker::new(MemoryStore::accelerated(ACCELERATION), SystemTime::now, handlers);
        Arc::new(Self { invoker, progress, handle, scheduler: OnceLock::new() })
    }

    /// Accepts an event that has passed all checks, and starts to run it.
    pub fn accept(self: &Arc<Self>, event: &AsyncEvent) {
        let Ok(()) = self.invoker.accept(event);
        self.run_due();
    }

    /// Waits until all events are finished, for at most `timeout`. Retries are not delayed any more.
    pub async fn drain(self: &Arc<Self>, timeout: Duration) -> DrainResult {
        self.invoker.store().expedite();
        self.run_due();
        let mut open = self.progress.open.subscribe();
        let _ = tokio::time::timeout(timeout, open.wait_for(|open| *open == 0)).await;
        DrainResult { failed: self.progress.failed.load(Ordering::Relaxed), unfinished: self.open() }
    }

    /// Returns the number of events that are not finished.
    pub fn open(&self) -> usize {
        *self.progress.open.borrow()
    }

    /// Starts a task for every event that is due.
    fn run_due(self: &Arc<Self>) {
        while let Ok(Claim { event: Some(event), .. }) = self.invoker.claim() {
            let events = Arc::clone(self);
            self.handle.spawn(async move {
                let Ok(decision) = events.invoker.run(event).await;
                if let RetryDecision::Finish(_) = decision {
                    // Only now: the events for its destinations have been counted, so the number does not drop to zero
                    // too early.
                    events.progress.open.send_modify(|open| *open -= 1);
                }
                events.run_due();
                if events.invoker.store().next_due().is_some() {
                    events.start_scheduler();
                }
            });
        }
    }

    fn start_scheduler(self: &Arc<Self>) {
        self.scheduler.get_or_init(|| {
            let events = Arc::clone(self);
            self.handle.spawn(async move { events.schedule().await });
        });
    }

    /// Runs events when they become due, until the runtime stops.
    async fn schedule(self: Arc<Self>) {
        loop {
            self.run_due();
            let next = self.invoker.store().next_due();
            let delay = next.map(|due| due.duration_since(SystemTime::now()).unwrap_or_default());
            tokio::select! {
                () = self.progress.rescheduled.notified() => {}
                () = tokio::time::sleep(delay.unwrap_or_default()), if delay.is_some() => {}
            }
        }
    }
}

impl Progress {
    fn observe(&self, event: &AsyncEvent, transition: EventTransition<'_>) {
        match transition {
            EventTransition::Accepted => self.open.send_modify(|open| *open += 1),
            EventTransition::Waiting(due) => {
                self.print_retry(event, due);
                self.rescheduled.notify_one();
            }
            EventTransition::Over(condition) => {
                if condition != Condition::Success {
                    let failed = self.failed.fetch_add(1, Ordering::Relaxed) + 1;
                    self.print_failure(event, condition, failed);
                }
            }
            EventTransition::Delivered(delivery) => {
                // Successful events would repeat the message for each event.
                if delivery.as_event.is_none() && delivery.why != DestinationKind::OnSuccess {
                    self.output.print(&format!(
                        "warning: event {} is not delivered to `{}`, which is outside of this app",
                        short_id(&delivery.id),
                        delivery.destination
                    ));
                }
            }
            EventTransition::Dropped | EventTransition::Retried(_) => {}
        }
    }

    fn print_retry(&self, event: &AsyncEvent, due: SystemTime) {
        let id = short_id(&event.id);
        let worker = &event.worker;
        // Rounded up, so that a delay of 0.99 s is shown as 1 s.
        let seconds = due.duration_since(SystemTime::now()).unwrap_or_default().as_millis().div_ceil(1000);
        let delay = if seconds == 0 { "immediately".to_owned() } else { format!("in {seconds} s") };
        self.output.print(&if event.refusals > 0 {
            format!("warning: event {id} for worker `{worker}` could not be run; next try {delay}")
        } else {
            let attempt = event.attempts;
            let attempts = event.rules.retries + 1;
            format!("warning: attempt {attempt} of {attempts} of event {id} for worker `{worker}` failed; next attempt {delay}")
        });
    }

    fn print_failure(&self, event: &AsyncEvent, condition: Condition, failed: usize) {
        let id = short_id(&event.id);
        let worker = &event.worker;
        let attempts = match event.attempts {
            1 => "1 attempt".to_owned(),
            attempts => format!("{attempts} attempts"),
        };
        let condition = condition.as_str();
        self.output.print(&format!(
            "error: event {id} for worker `{worker}` failed permanently after {attempts}: {condition} ({failed} so far)"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::{AsyncEvents, DrainResult, EventTarget};
    use crate::output;
    use bedrock_model::{AsyncEvent, Attempt, AttemptFuture, DestinationFunction, EventInvokeConfig};
    use bytes::Bytes;
    use serde_json::{Value, json};
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, Instant, SystemTime};
    use tokio::runtime::Handle;

    /// Records every attempt. `failing` fails, all other workers succeed. `auditor` is a destination of the app.
    #[derive(Default)]
    struct FakeTarget(Mutex<Vec<(String, Value)>>);

    impl EventTarget for FakeTarget {
        fn attempt(&self, event: AsyncEvent) -> AttemptFuture {
            let payload = serde_json::from_slice(&event.payload).expect("JSON");
            self.0.lock().expect("attempts").push((event.worker.clone(), payload));
            Box::pin(async move {
                if event.worker == "failing" {
                    Attempt::Failed(json!({ "errorType": "Busy" }))
                } else {
                    Attempt::Answered(Bytes::from_static(b"[1]"))
                }
            })
        }

        fn resolve(&self, destination: &str, event: &AsyncEvent) -> Option<DestinationFunction> {
            let function = || DestinationFunction {
                worker: destination.to_owned(),
                arn: destination.to_owned(),
                rules: EventInvokeConfig::default(),
                trace: event.trace.clone(),
            };
            (destination == "auditor").then(function)
        }
    }

    /// Runs one event to its end. Returns the workers and payloads of all attempts.
    async fn run(worker: &str, rules: EventInvokeConfig) -> (Vec<(String, Value)>, DrainResult) {
        let target = Arc::new(FakeTarget::default());
        let events = AsyncEvents::new(Handle::current(), output::start_captured(), Arc::clone(&target) as _);
        events.accept(&AsyncEvent {
            id: "id".to_owned(),
            worker: worker.to_owned(),
            arn: "arn".to_owned(),
            payload: Bytes::from_static(b"{}"),
            trace: String::new(),
            rules,
            accepted: SystemTime::now(),
            attempts: 0,
            refusals: 0,
        });
        let result = events.drain(Duration::from_secs(10)).await;
        let attempts = std::mem::take(&mut *target.0.lock().expect("attempts"));
        (attempts, result)
    }

    #[tokio::test]
    async fn retries_of_the_config_limit_the_attempts() {
        for (retries, expected) in [(0, 1), (1, 2), (2, 3)] {
            let (attempts, result) =
                run("failing", EventInvokeConfig { retries, ..EventInvokeConfig::default() }).await;
            assert_eq!(attempts.len(), expected);
            assert_eq!(result, DrainResult { failed: 1, unfinished: 0 });
        }
    }

    #[tokio::test]
    async fn maximum_age_of_the_config_ends_the_retries() {
        // On Lambda the attempts are due after 0, 60 and 180 seconds.
        for (max_age, expected) in [(30, 1), (90, 2), (300, 3)] {
            let (attempts, _) = run("failing", EventInvokeConfig { max_age, ..EventInvokeConfig::default() }).await;
            assert_eq!(attempts.len(), expected, "{max_age}");
        }
    }

    #[tokio::test]
    async fn on_success_record_is_an_event_of_the_destination() {
        let on_success = Some("auditor".to_owned());
        let (attempts, result) = run("worker", EventInvokeConfig { on_success, ..EventInvokeConfig::default() }).await;
        let [(first, _), (second, record)] = &attempts[..] else { panic!("{attempts:?}") };
        assert_eq!((first.as_str(), second.as_str()), ("worker", "auditor"));
        assert_eq!(record["requestContext"]["condition"], "Success");
        assert_eq!(record["responsePayload"], json!([1]));
        assert_eq!(result, DrainResult { failed: 0, unfinished: 0 });
    }

    #[tokio::test]
    async fn on_failure_record_is_an_event_of_the_destination() {
        let on_failure = Some("auditor".to_owned());
        let (attempts, result) = run("failing", EventInvokeConfig { on_failure, ..EventInvokeConfig::default() }).await;
        let workers: Vec<_> = attempts.iter().map(|(worker, _)| worker.as_str()).collect();
        assert_eq!(workers, ["failing", "failing", "failing", "auditor"]);
        assert_eq!(attempts[3].1["requestContext"]["condition"], "RetriesExhausted");
        assert_eq!(result, DrainResult { failed: 1, unfinished: 0 });
    }

    #[tokio::test]
    async fn failed_event_is_retried_without_draining_after_a_second() {
        let target = Arc::new(FakeTarget::default());
        let events = AsyncEvents::new(Handle::current(), output::start_captured(), Arc::clone(&target) as _);
        let started = Instant::now();
        events.accept(&AsyncEvent {
            id: "id".to_owned(),
            worker: "failing".to_owned(),
            arn: "arn".to_owned(),
            payload: Bytes::from_static(b"{}"),
            trace: String::new(),
            rules: EventInvokeConfig { retries: 1, ..EventInvokeConfig::default() },
            accepted: SystemTime::now(),
            attempts: 0,
            refusals: 0,
        });
        let mut open = events.progress.open.subscribe();
        open.wait_for(|open| *open == 0).await.expect("the events");
        assert_eq!(target.0.lock().expect("attempts").len(), 2);
        assert!(started.elapsed() >= Duration::from_millis(900), "{:?}", started.elapsed());
    }
}
