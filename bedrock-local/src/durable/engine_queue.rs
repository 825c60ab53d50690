//! The operations that wait for the engine. Changes that are there at the same time become a group that is stored at once;
//! no change waits for others to come. `service` has the engine and the thread.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bedrock_durable::{DurableEngine, DurableError, ExecutionStore, Timestamp};
use tokio::sync::oneshot;

/// The engine over a store that is chosen at run time.
pub type Engine = DurableEngine<Box<dyn ExecutionStore + Send + Sync>>;

/// The most changes of a group: the first of them waits for the last.
const MAX_GROUP: usize = 64;

type Panic = Box<dyn Any + Send>;
/// Sends the result of an operation, after the group was stored or not.
type Reply = Box<dyn FnOnce(Result<(), &DurableError>) + Send>;
type Run = Box<dyn FnOnce(&mut Engine, Timestamp) -> Reply + Send>;

/// Something to be done with the engine.
pub(super) struct Operation {
    run: Run,
    /// Whether it may be in a group with others. Reading is not: its result must be stored.
    is_change: bool,
}

/// The result of an operation that may not have run yet.
pub(super) struct Pending<T>(oneshot::Receiver<Result<T, Panic>>);

impl<T> Pending<T> {
    pub(super) async fn get(self) -> T {
        match self.0.await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => resume_unwind(panic),
            // The runtime is shutting down.
            Err(_) => std::future::pending().await,
        }
    }
}

/// Operations in the order in which they were asked for.
#[derive(Default)]
pub(super) struct EngineQueue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    operations: VecDeque<Operation>,
    /// Whether a thread takes them.
    is_taken: bool,
}

impl EngineQueue {
    /// Returns an operation that changes nothing, and its result.
    pub(super) fn read<T: Send + 'static>(
        run: impl FnOnce(&mut Engine, Timestamp) -> T + Send + 'static,
    ) -> (Operation, Pending<T>) {
        operation(false, run, |result, _| result)
    }

    /// Returns an operation that changes something, and its result: an error if the change is not stored.
    pub(super) fn change<T, E>(
        run: impl FnOnce(&mut Engine, Timestamp) -> Result<T, E> + Send + 'static,
    ) -> (Operation, Pending<Result<T, E>>)
    where
        T: Send + 'static,
        E: From<DurableError> + Send + 'static,
    {
        operation(true, run, |result: Result<T, E>, stored| -> Result<T, E> {
            // Also a refusal may rest on a change of the group, for example of a callback that was completed before.
            stored.map_err(|error| E::from(error.clone()))?;
            result
        })
    }

    /// Adds an operation. Returns `true` if the caller has to start a thread that takes the operations.
    pub(super) fn push(&self, operation: Operation) -> bool {
        let mut waiting = lock(&self.0);
        waiting.operations.push_back(operation);
        !std::mem::replace(&mut waiting.is_taken, true)
    }

    /// Takes the next operation, and the changes that follow a change. `None` if there is none, which ends the thread.
    pub(super) fn take(&self) -> Option<Group> {
        let mut waiting = lock(&self.0);
        let Some(first) = waiting.operations.pop_front() else {
            waiting.is_taken = false;
            return None;
        };
        let mut group = vec![first];
        while group[0].is_change && group.len() < MAX_GROUP {
            if !waiting.operations.front().is_some_and(|next| next.is_change) {
                break;
            }
            group.extend(waiting.operations.pop_front());
        }
        Some(Group(group))
    }
}

fn operation<R: Send + 'static, T: Send + 'static>(
    is_change: bool,
    run: impl FnOnce(&mut Engine, Timestamp) -> R + Send + 'static,
    finish: impl FnOnce(R, Result<(), &DurableError>) -> T + Send + 'static,
) -> (Operation, Pending<T>) {
    let (sender, receiver) = oneshot::channel();
    let run = move |engine: &mut Engine, now| -> Reply {
        let result = catch_unwind(AssertUnwindSafe(|| run(engine, now)));
        // Sending fails if the caller is gone.
        Box::new(move |stored| drop(sender.send(result.map(|result| finish(result, stored)))))
    };
    (Operation { run: Box::new(run), is_change }, Pending(receiver))
}

/// Operations that are run together.
pub(super) struct Group(Vec<Operation>);

impl Group {
    /// Runs the operations, and stores what they have changed. Each of them reads the clock with `now`.
    pub(super) fn run(self, engine: &mut Engine, now: impl Fn() -> Timestamp) -> Replies {
        if !self.0[0].is_change {
            let replies = self.0.into_iter().map(|operation| (operation.run)(engine, now()));
            return Replies { replies: replies.collect(), stored: Ok(()) };
        }
        engine.begin_group();
        let replies = self.0.into_iter().map(|operation| (operation.run)(engine, now())).collect();
        Replies { replies, stored: engine.end_group().map_err(DurableError::from) }
    }
}

/// The results of a group.
pub(super) struct Replies {
    replies: Vec<Reply>,
    stored: Result<(), DurableError>,
}

impl Replies {
    /// Gives each caller its result.
    pub(super) fn send(self) {
        for reply in self.replies {
            reply(self.stored.as_ref().copied());
        }
    }
}

/// No code panics while it holds a lock, and the data would be consistent if it did.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use bedrock_durable::{
        ActiveExecution, CheckpointRequest, DurableConfig, DurableFunction, Execution, ExecutionArn, ExecutionSummary,
        MemoryExecutionStore, StartRequest, StoreError,
    };
    use serde_json::json;

    use super::*;

    /// A store that counts how often something was stored, and that can be full.
    #[derive(Debug, Default, Clone)]
    struct CountingStore {
        inner: Arc<MemoryExecutionStore>,
        commits: Arc<AtomicUsize>,
        is_full: Arc<AtomicBool>,
    }

    impl ExecutionStore for CountingStore {
        fn active(&self) -> Result<Vec<ActiveExecution>, StoreError> {
            self.inner.active()
        }

        fn load(&self, arn: &ExecutionArn) -> Result<Option<Execution>, StoreError> {
            self.inner.load(arn)
        }

        fn find(&self, worker: &str, name: &str) -> Result<Option<ExecutionArn>, StoreError> {
            self.inner.find(worker, name)
        }

        fn list(&self) -> Result<Vec<ExecutionSummary>, StoreError> {
            self.inner.list()
        }

        fn begin(&self) {}

        fn commit(&self) -> Result<(), StoreError> {
            self.commits.fetch_add(1, Ordering::SeqCst);
            if self.is_full.load(Ordering::SeqCst) { Err(StoreError::Group("full".into())) } else { Ok(()) }
        }

        fn save(&self, executions: &[&Execution]) -> Result<(), StoreError> {
            self.inner.save(executions)
        }

        fn delete(&self, arn: &ExecutionArn) -> Result<(), StoreError> {
            self.inner.delete(arn)
        }

        fn expired(&self, now: Timestamp) -> Result<Vec<ExecutionArn>, StoreError> {
            self.inner.expired(now)
        }
    }

    const NOW: Timestamp = Timestamp(1_000_000);

    fn engine(store: &CountingStore) -> Engine {
        let store: Box<dyn ExecutionStore + Send + Sync> = Box::new(store.clone());
        DurableEngine::open(store, NOW).expect("an engine")
    }

    struct Checkpoint {
        arn: ExecutionArn,
        request: CheckpointRequest,
    }

    /// Starts executions, and returns the checkpoint of a step of each.
    fn checkpoints(engine: &mut Engine, count: usize) -> Vec<Checkpoint> {
        for _ in 0..count {
            let function = DurableFunction {
                worker: "flow".to_owned(),
                arn: "arn:aws:lambda:us-east-1:000000000000:function:flow".to_owned(),
                config: DurableConfig { execution_timeout: 60, retention_days: 1 },
                code: None,
            };
            let input = "{}".to_owned();
            let request = StartRequest { function, name: None, input, trace: String::new(), is_sync: false };
            engine.start(request, NOW).expect("started");
        }
        let due = engine.begin_due(NOW).expect("work").invocations.into_iter();
        let checkpoints = due.map(|due| {
            let update = json!({ "Id": "1", "Type": "STEP", "SubType": "Step", "Action": "START" });
            let body = json!({ "CheckpointToken": due.event["CheckpointToken"], "Updates": [update] });
            let request = CheckpointRequest::parse(body.to_string().as_bytes()).expect("a request");
            Checkpoint { arn: due.arn, request }
        });
        checkpoints.collect()
    }

    type Checkpointed = Result<serde_json::Value, DurableError>;

    fn checkpoint(checkpoint: Checkpoint) -> (Operation, Pending<Checkpointed>) {
        let Checkpoint { arn, request } = checkpoint;
        EngineQueue::change(move |engine, now| {
            let resolve = |_: &str, name: &str| Err(DurableError::invalid(name));
            engine.checkpoint(&arn, request, &resolve, now)
        })
    }

    /// Runs what waits. Returns the sizes of the groups.
    fn work(queue: &EngineQueue, engine: &mut Engine) -> Vec<usize> {
        let groups = std::iter::from_fn(|| queue.take());
        let sizes = groups.map(|group| {
            let size = group.0.len();
            group.run(engine, || NOW).send();
            size
        });
        sizes.collect()
    }

    #[tokio::test]
    async fn hundred_checkpoints_at_the_same_time_are_stored_twice() {
        let store = CountingStore::default();
        let mut engine = engine(&store);
        let queue = EngineQueue::default();
        let (operations, results): (Vec<_>, Vec<_>) = checkpoints(&mut engine, 100).into_iter().map(checkpoint).unzip();
        let must_start: Vec<bool> = operations.into_iter().map(|operation| queue.push(operation)).collect();
        assert_eq!(must_start.iter().position(|must| *must), Some(0));
        assert_eq!(must_start.iter().filter(|must| **must).count(), 1, "one thread takes all of them");
        assert_eq!((work(&queue, &mut engine), store.commits.load(Ordering::SeqCst)), (vec![64, 36], 2));
        for result in results {
            let response = result.get().await.expect("a checkpoint");
            assert_eq!(response["NewExecutionState"]["Operations"][0]["Status"], "STARTED");
        }
        // The thread has ended.
        let (operation, _) = EngineQueue::read(|_, _| ());
        assert!(queue.push(operation));
    }

    #[tokio::test]
    async fn reading_waits_until_changes_before_it_are_stored() {
        let store = CountingStore::default();
        let mut engine = engine(&store);
        let queue = EngineQueue::default();
        let mut all = checkpoints(&mut engine, 3).into_iter().map(checkpoint);
        let commits = Arc::clone(&store.commits);
        let (first, _) = all.next().expect("a checkpoint");
        let (second, _) = all.next().expect("a checkpoint");
        let (read, seen) = EngineQueue::read(move |_, _| commits.load(Ordering::SeqCst));
        let (third, _) = all.next().expect("a checkpoint");
        for operation in [first, second, read, third] {
            queue.push(operation);
        }
        assert_eq!(work(&queue, &mut engine), [2, 1, 1]);
        assert_eq!((seen.get().await, store.commits.load(Ordering::SeqCst)), (1, 2));
    }

    #[tokio::test]
    async fn changes_that_are_not_stored_are_errors_of_their_callers() {
        let store = CountingStore::default();
        let mut engine = engine(&store);
        let queue = EngineQueue::default();
        let mut all = checkpoints(&mut engine, 2);
        let request = CheckpointRequest::parse(br#"{"CheckpointToken":"QUJD"}"#).expect("a request");
        all.push(Checkpoint { arn: all[0].arn.clone(), request });
        let (operations, results): (Vec<_>, Vec<_>) = all.into_iter().map(checkpoint).unzip();
        let (panicking, panic) = EngineQueue::change(|_, _| -> Result<(), DurableError> { panic!("broken") });
        for operation in operations.into_iter().chain([panicking]) {
            queue.push(operation);
        }
        store.is_full.store(true, Ordering::SeqCst);
        assert_eq!(work(&queue, &mut engine), [4]);
        let mut messages = Vec::new();
        for result in results {
            messages.push(result.get().await.expect_err("not stored").message);
        }
        let full = "failed to use the executions `full`: changes at the same time were not stored";
        // A change that was refused too: what it was refused for may not be stored.
        assert_eq!(messages, [full; 3]);
        let panicked = tokio::spawn(async move { panic.get().await }).await;
        assert!(panicked.is_err_and(|error| error.is_panic()), "the caller panics, and not the thread");
    }
}
