//! The engine of durable executions with its clock. The engine is only used on a blocking thread, so that a locked file stops
//! no other call.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use bedrock_durable::{
    DurableConfig, DurableEngine, DurableError, DurableFunction, ErrorObject, ExecutionArn, ExecutionStore,
    StartRequest, StartedExecution, StoreError, Timestamp,
};
use bedrock_model::{Error, ExecutionError, ExecutionReply, ExecutionStart, FunctionInfo};
use bytes::Bytes;
use tokio::sync::{Notify, watch};

use super::engine_queue::{Engine, EngineQueue, Operation, lock};
use super::functions::DurableFunctions;

type Now = dyn Fn() -> SystemTime + Send + Sync;

/// How long a request with a `ClientToken` is remembered.
const CLIENT_TOKEN_SECONDS: u64 = 900;

/// The durable executions of an app.
pub struct DurableService {
    engine: Mutex<Engine>,
    queue: EngineQueue,
    pub(super) functions: Arc<dyn DurableFunctions>,
    now: Box<Now>,
    /// Notified when something may have become due.
    pub(super) changed: Notify,
    /// When the invoker runs again by itself, if it does.
    pub(super) scheduled: Mutex<Option<Timestamp>>,
    /// The callers that wait for the end of an execution.
    waiters: Mutex<HashMap<ExecutionArn, Arc<Notify>>>,
    /// The number of invocations and calls that run.
    running: watch::Sender<usize>,
    /// The requests to pause and resume that had a `ClientToken`.
    client_tokens: Mutex<HashMap<String, Timestamp>>,
}

impl DurableService {
    /// Opens the executions of a store. What was running when another program ended is run again. `now` reads the clock.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn open(
        store: Box<dyn ExecutionStore + Send + Sync>,
        functions: Arc<dyn DurableFunctions>,
        now: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Result<Arc<Self>, StoreError> {
        let engine = DurableEngine::open(store, now().into())?;
        Ok(Arc::new(Self {
            engine: Mutex::new(engine),
            queue: EngineQueue::default(),
            functions,
            now: Box::new(now),
            changed: Notify::new(),
            scheduled: Mutex::default(),
            waiters: Mutex::default(),
            running: watch::Sender::default(),
            client_tokens: Mutex::default(),
        }))
    }

    /// Returns the time of the clock.
    pub(super) fn now(&self) -> SystemTime {
        (self.now)()
    }

    /// Returns the number of invocations and calls that run.
    pub(super) fn running(&self) -> usize {
        *self.running.borrow()
    }

    /// Waits until no invocation and no call runs.
    pub(super) async fn wait_for_running(&self) {
        // The service itself owns the sender, so this cannot fail.
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
    }

    /// Reads the executions on the thread of the caller, for a store that never blocks.
    pub fn inspect<T>(&self, read: impl FnOnce(&Engine) -> T) -> T {
        read(&lock(&self.engine))
    }

    /// Reads executions, apart from changes. What it reads is stored.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        run: impl FnOnce(&mut Engine, Timestamp) -> T + Send + 'static,
    ) -> T {
        let (operation, result) = EngineQueue::read(run);
        self.run(operation);
        result.get().await
    }

    /// Changes executions, and notifies the invoker if something becomes due before it runs again. Changes that are asked
    /// for at the same time are stored together. Returns when they are stored.
    pub async fn change<T, E>(
        self: &Arc<Self>,
        run: impl FnOnce(&mut Engine, Timestamp) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DurableError> + Send + 'static,
    {
        let service = Arc::clone(self);
        let run = move |engine: &mut Engine, now| {
            let result = run(engine, now);
            let scheduled = *lock(&service.scheduled);
            let is_earlier = |due: Timestamp| due <= now || scheduled.is_none_or(|scheduled| due < scheduled);
            if engine.next_due().is_some_and(is_earlier) {
                service.changed.notify_one();
            }
            result
        };
        self.change_silently(run).await
    }

    /// Changes executions without notifying the invoker.
    pub(super) async fn change_silently<T, E>(
        self: &Arc<Self>,
        run: impl FnOnce(&mut Engine, Timestamp) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DurableError> + Send + 'static,
    {
        let (operation, result) = EngineQueue::change(run);
        self.run(operation);
        result.get().await
    }

    /// Runs an operation after those that were asked for before, also if its caller is gone.
    fn run(self: &Arc<Self>, operation: Operation) {
        if !self.queue.push(operation) {
            return;
        }
        let service = Arc::clone(self);
        // Joining is not necessary: the operations have their own results.
        drop(tokio::task::spawn_blocking(move || {
            while let Some(group) = service.queue.take() {
                let mut engine = lock(&service.engine);
                let replies = group.run(&mut engine, || service.now().into());
                let ended = engine.take_ended();
                let is_code_released = engine.take_released_code();
                drop(engine);
                replies.send();
                service.notify_ended(&ended);
                if is_code_released {
                    service.functions.notify_code_released();
                }
            }
        }));
    }

    /// Notifies the callers that wait for the end of these executions.
    fn notify_ended(&self, ended: &[ExecutionArn]) {
        let mut waiters = lock(&self.waiters);
        for waiter in ended.iter().filter_map(|arn| waiters.remove(arn)) {
            waiter.notify_waiters();
        }
    }

    /// Starts an execution of a function, and waits for its end if the caller waits.
    pub async fn execute(
        self: Arc<Self>,
        function: FunctionInfo,
        start: ExecutionStart,
    ) -> Result<ExecutionReply, ExecutionError> {
        let waits = start.waits;
        let deadline = start.invocation.caller_deadline;
        let arn = self.start(&function, start, |_| ()).await?.arn;
        if !waits {
            return Ok(ExecutionReply { arn: arn.as_str().to_owned(), outcome: None });
        }
        let outcome = self.wait_for_end(&arn, &function.worker, deadline).await?;
        Ok(ExecutionReply { arn: arn.as_str().to_owned(), outcome: Some(outcome) })
    }

    /// Starts an execution of a function. `on_started` runs before anything else can happen to it.
    ///
    /// # Errors
    ///
    /// The errors of Lambda's operation `Invoke`.
    pub async fn start(
        self: &Arc<Self>,
        function: &FunctionInfo,
        start: ExecutionStart,
        on_started: impl FnOnce(&ExecutionArn) + Send + 'static,
    ) -> Result<StartedExecution, ExecutionError> {
        let ExecutionStart { invocation, name, waits } = start;
        let Some(durable_function) = self.durable_function(function) else {
            let message = format!("worker `{}` is not durable", function.worker);
            return Err(api_error(&DurableError::invalid(message)));
        };
        let input = String::from_utf8_lossy(&invocation.event).into_owned();
        let request = StartRequest { function: durable_function, name, input, trace: invocation.trace, is_sync: waits };
        let started =
            self.change(move |engine, now| engine.start(request, now).inspect(|started| on_started(&started.arn)));
        started.await.map_err(|error| api_error(&error))
    }

    /// Returns the response or the error of an execution. `None` while it runs.
    pub fn outcome(&self, arn: &ExecutionArn, worker: &str) -> Option<Result<Bytes, Error>> {
        self.inspect(|engine| engine.outcome(arn).ok().flatten()).map(|outcome| reply(worker, outcome))
    }

    /// Waits for the end of an execution, but not past the deadline of the caller.
    ///
    /// # Errors
    ///
    /// If the execution is deleted meanwhile, or the store fails.
    pub async fn wait_for_end(
        self: &Arc<Self>,
        arn: &ExecutionArn,
        worker: &str,
        deadline: Option<SystemTime>,
    ) -> Result<Result<Bytes, Error>, ExecutionError> {
        let end = async {
            loop {
                let waiter = Arc::clone(lock(&self.waiters).entry(arn.clone()).or_default());
                let mut ended = pin!(waiter.notified());
                // It may end after its outcome was read.
                ended.as_mut().enable();
                let read = arn.clone();
                let outcome = self.read(move |engine, _| engine.outcome(&read)).await;
                match outcome.map_err(|error| api_error(&error)).transpose() {
                    Some(outcome) => {
                        self.notify_ended(std::slice::from_ref(arn));
                        return outcome;
                    }
                    None => ended.await,
                }
            }
        };
        let outcome = match deadline {
            None => end.await?,
            Some(deadline) => {
                let remaining = deadline.duration_since(SystemTime::now()).unwrap_or_default();
                match tokio::time::timeout(remaining, end).await {
                    Ok(outcome) => outcome?,
                    Err(_) => return Ok(Err(Error::Timeout { worker: worker.to_owned(), after: remaining })),
                }
            }
        };
        Ok(reply(worker, outcome))
    }

    /// Returns a function as the engine knows it. `None` if it is not durable.
    pub(super) fn durable_function(&self, function: &FunctionInfo) -> Option<DurableFunction> {
        let durable = function.durable?;
        Some(DurableFunction {
            worker: function.worker.clone(),
            arn: function.arn.clone(),
            config: DurableConfig { execution_timeout: durable.timeout, retention_days: durable.retention },
            code: self.functions.code(&function.worker),
        })
    }

    /// Returns the code that new executions of a worker keep. `None` if they keep none.
    pub fn code(&self, worker: &str) -> Option<String> {
        self.functions.code(worker)
    }

    /// Returns whether a request with this token was made before, within 15 minutes, and remembers it.
    pub(super) fn is_repeated(&self, operation: &str, arn: &ExecutionArn, token: Option<&str>) -> bool {
        let Some(token) = token else { return false };
        let now = Timestamp::from(self.now());
        let mut tokens = lock(&self.client_tokens);
        tokens.retain(|_, until| *until >= now);
        let until = now.plus_seconds(CLIENT_TOKEN_SECONDS);
        tokens.insert(token_key(operation, arn, token), until).is_some()
    }

    /// Forgets a token whose request failed: the same request again is a new one.
    pub(super) fn forget_token(&self, operation: &str, arn: &ExecutionArn, token: Option<&str>) {
        if let Some(token) = token {
            lock(&self.client_tokens).remove(&token_key(operation, arn, token));
        }
    }
}

fn token_key(operation: &str, arn: &ExecutionArn, token: &str) -> String {
    format!("{operation} {arn} {token}")
}

/// Counts an invocation or a call as running, until its task ends or is dropped.
pub(super) struct RunningGuard(Arc<DurableService>);

impl RunningGuard {
    pub(super) fn new(service: &Arc<DurableService>) -> Self {
        service.running.send_modify(|running| *running += 1);
        Self(Arc::clone(service))
    }
}

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.0.running.send_modify(|running| *running -= 1);
    }
}

/// Returns an error of the engine as Lambda's API returns it.
pub(super) fn api_error(error: &DurableError) -> ExecutionError {
    ExecutionError { exception: error.kind.name(), status: error.kind.status(), message: error.message.clone() }
}

/// Returns what the caller of an ended execution gets.
fn reply(worker: &str, outcome: Result<Option<String>, ErrorObject>) -> Result<Bytes, Error> {
    match outcome {
        Ok(result) => Ok(result.unwrap_or_else(|| "null".to_owned()).into()),
        Err(error) => Err(function_error(worker, error)),
    }
}

/// Returns the error that the caller of a failed execution gets.
fn function_error(worker: &str, error: ErrorObject) -> Error {
    Error::Function {
        worker: worker.to_owned(),
        error_type: error.error_type.unwrap_or_default(),
        message: error.error_message.unwrap_or_default(),
        trace: error.stack_trace.unwrap_or_default(),
    }
}
