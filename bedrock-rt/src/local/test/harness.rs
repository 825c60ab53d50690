//! The app of a test: every call passes through here, is recorded, and goes to the worker or to its mock.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use bedrock_build::{App, Problem};
use bedrock_model::{
    AsyncEvent, Attempt, AttemptFuture, Backend, DestinationFunction, ExecutionStart, FunctionInfo, Invocation, Reply,
};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::super::rust_worker::find_linked_worker;
use super::event_sources::{BatchTarget, EventSources};
use super::events::{TestEventTarget, TestEvents};
use super::executions::Executions;
use super::invocations::{Invocations, Origin};
use super::log_capture;
use super::mock::Mock;
use crate::Error;
use bedrock_local::AppInfo;
use bedrock_local::EventSettings;
use bedrock_local::LocalApp;
use bedrock_local::lambda_api::Access;
use bedrock_local::open_api_alongside_routes;
use bedrock_local::{ApiUrl, HostConfig, NO_SERVICES_IN_TESTS, is_endpoint_set};
use bedrock_local::{Output, start_captured_output};
use bedrock_local::{WorkerInfo, stopping_error};
use bedrock_model::transport::{Call, InvocationType, check_event_size};

/// The app of a test.
pub(crate) struct Harness {
    pub(super) local: Arc<LocalApp>,
    pub(super) invocations: Invocations,
    pub(super) events: Arc<TestEvents>,
    pub(super) sources: Arc<EventSources>,
    pub(super) executions: Executions,
    settings: EventSettings,
    mocks: Mutex<HashMap<String, Mock>>,
    /// Held while the clock is moved.
    moving: tokio::sync::Mutex<()>,
}

impl Harness {
    /// Sets up an app on the async runtime of `handle`. No process is started before a worker is called. `backend`
    /// returns the backend of Lambda's API, `executions` the executions of durable workers.
    pub(super) fn start(
        app: &App,
        scratch: PathBuf,
        handle: &Handle,
        backend: impl FnOnce(&Weak<Self>) -> Arc<dyn Backend>,
        executions: impl FnOnce(bool, &Weak<Self>, &Handle, Arc<TestEvents>) -> Executions,
    ) -> Result<Arc<Self>, Problem> {
        let info = AppInfo::from_disk(app, scratch)?;
        let settings = EventSettings::from_app(app);
        Ok(Arc::new_cyclic(|harness: &Weak<Self>| {
            let backend = backend(harness);
            let output = start_captured_output();
            if info.uses_services && !is_endpoint_set() {
                output.print(NO_SERVICES_IN_TESTS);
            }
            let weak = harness.clone();
            let config = HostConfig {
                // Clients of the test have no access key of this run.
                api: ApiUrl::opened_by(move || {
                    let routes = weak.upgrade().map(|harness| harness.executions.routes()).unwrap_or_default();
                    open_api_alongside_routes(0, Arc::clone(&backend), Access::Signed, routes)
                }),
                access_key: None,
                output: output.clone(),
                variables: Vec::new(),
                debuggers: HashMap::new(),
                requires_current_contracts: true,
            };
            let is_durable = info.catalog.entries.iter().any(|entry| entry.durable.is_some());
            let local = LocalApp::new(info, handle.clone(), find_linked_worker, |_| config);
            let target = Arc::new(HarnessEventTarget(harness.clone()));
            let batches = Arc::new(HarnessEventTarget(harness.clone()));
            let events = TestEvents::new(handle.clone(), output.clone(), target);
            let sources = EventSources::new(app, batches, Arc::clone(&events), handle.clone(), output);
            let executions = executions(is_durable, harness, handle, Arc::clone(&events));
            Self {
                local,
                invocations: Invocations::default(),
                events,
                sources,
                executions,
                settings,
                mocks: Mutex::default(),
                moving: tokio::sync::Mutex::default(),
            }
        }))
    }

    /// Makes a call of this program.
    pub(crate) async fn call(self: Arc<Self>, call: Call) -> Result<Bytes, Error> {
        let info = self.local.info(call.target.as_str())?;
        check_event_size(&info.entry.name, call.event.len(), call.kind)?;
        let mut worker = None;
        let mut caller_deadline = None;
        let mut trace = None;
        let is_test = call.caller.is_none();
        if let Some(caller) = call.caller {
            caller_deadline = Some(caller.deadline);
            trace = caller.trace;
            worker = caller.function.map(|function| self.worker_name(&function.name).to_owned());
        }
        let mut invocation = Invocation::new(call.event, trace);
        if self.is_durable(&info) {
            invocation.caller_deadline = caller_deadline;
            let waits = call.kind == InvocationType::RequestResponse;
            let start = ExecutionStart { invocation, name: None, waits };
            return self.call_durable(info, start, worker, is_test).await;
        }
        if call.kind == InvocationType::Event {
            info.check_event(&invocation.event)?;
            self.accept(&info, invocation, worker);
            return Ok(Bytes::new());
        }
        invocation.caller_deadline = caller_deadline;
        self.run(info, invocation, Origin { caller: worker, attempt: None }).await
    }

    /// Whether calls of a worker start executions. Those of a mock do not.
    pub(super) fn is_durable(&self, info: &WorkerInfo) -> bool {
        info.entry.durable.is_some() && !self.is_mocked(&info.entry.name)
    }

    /// Returns the description of a worker's function.
    pub(super) fn function_info(&self, info: &WorkerInfo) -> FunctionInfo {
        let function = info.function_info();
        if self.is_durable(info) { function } else { FunctionInfo { durable: None, ..function } }
    }

    /// Starts an execution, and waits for its end if the caller waits. The test itself is not kept waiting for its own
    /// clock.
    async fn call_durable(
        self: &Arc<Self>,
        info: Arc<WorkerInfo>,
        start: ExecutionStart,
        caller: Option<String>,
        is_test: bool,
    ) -> Result<Bytes, Error> {
        let worker = info.entry.name.clone();
        if start.waits && is_test {
            return self.execute_until_it_waits(info, start).await;
        }
        let reply = self.execute(info, start, caller).await.map_err(|error| error.into_call_error(&worker))?;
        reply.outcome.unwrap_or_else(|| Ok(Bytes::new()))
    }

    /// Returns the worker whose local function has this name.
    pub(super) fn worker_name<'a>(&self, function: &'a str) -> &'a str {
        let rest = function.strip_prefix(self.local.app.name).and_then(|rest| rest.strip_prefix("-local-"));
        rest.unwrap_or(function)
    }

    /// Accepts an event that has passed all checks, and starts to run it.
    pub(super) fn accept(&self, info: &WorkerInfo, invocation: Invocation, caller: Option<String>) {
        let worker = info.entry.name.clone();
        let event = AsyncEvent {
            id: invocation.request_id,
            arn: info.function.arn.clone(),
            payload: invocation.event,
            trace: invocation.trace,
            rules: self.settings.config(&worker),
            accepted: self.events.now(),
            attempts: 0,
            refusals: 0,
            worker,
        };
        self.events.accept(&event, caller);
    }

    /// Runs one invocation to its end, even if its caller stops waiting.
    pub(super) async fn run(
        self: &Arc<Self>,
        info: Arc<WorkerInfo>,
        invocation: Invocation,
        origin: Origin,
    ) -> Result<Bytes, Error> {
        let harness = Arc::clone(self);
        let name = info.entry.name.clone();
        let run = self.local.handle.spawn(async move { harness.run_recorded(&info, invocation, origin).await });
        run.await.unwrap_or_else(|_| Err(stopping_error(&name)))
    }

    async fn run_recorded(
        &self,
        info: &Arc<WorkerInfo>,
        mut invocation: Invocation,
        origin: Origin,
    ) -> Result<Bytes, Error> {
        let name = &info.entry.name;
        let id = invocation.request_id.clone();
        let log = log_capture::new_log(name, &id, self.output());
        invocation.trace = self.settings.recursion.count_run(&info.function_info(), invocation.trace);
        let callers_log = invocation.tail.replace(log.clone());
        let mock = self.mocks().get(name).cloned();
        let index = self.invocations.start(name, &invocation, origin, mock.is_some());
        let reply = match mock {
            Some(mock) => {
                let reply = match info.check_event(&invocation.event) {
                    Ok(()) => mock.respond(&self.local.handle, info, invocation).await,
                    Err(error) => Err(error),
                };
                let reply = reply.and_then(|response| info.check_response(&response).map(|()| response));
                if let Err(error @ Error::Function { .. }) = &reply {
                    self.output().print_failure(error, &id);
                }
                reply
            }
            None => self.local.run_and_report_named(name, invocation).await,
        };
        let lines = log.lines();
        if let Some(callers_log) = callers_log {
            for line in &lines {
                callers_log.line(line);
            }
        }
        self.invocations.end(index, &reply, lines);
        reply
    }

    /// Returns the trace header of an invocation of a worker, which counts how often a chain of calls has run it.
    #[cfg(feature = "durable-test")]
    pub(super) fn counted_trace(&self, info: &WorkerInfo, trace: String) -> String {
        self.settings.recursion.count_run(&info.function_info(), trace)
    }

    /// Waits until no event, no batch and no execution is running or due.
    pub(super) async fn wait_for_due(self: &Arc<Self>) {
        loop {
            self.events.wait_for_due().await;
            let is_idle = self.sources.wait_for_due().await;
            if self.executions.wait_for_due(&self.local.handle).await && is_idle && self.events.running() == 0 {
                return;
            }
        }
    }

    /// Moves the clock, and runs what becomes due in the meantime, each at its time.
    pub(super) async fn advance(self: &Arc<Self>, by: Duration) {
        let _moving = self.moving.lock().await;
        self.wait_for_due().await;
        let until = self.events.now() + by;
        while self.run_next(Some(until)).await {}
        self.events.move_to(until);
    }

    /// Moves the clock until no event, message or record waits any more.
    pub(super) async fn run_all_events(self: &Arc<Self>) {
        let _moving = self.moving.lock().await;
        self.wait_for_due().await;
        while (self.events.next_due().is_some() || self.sources.next_due().is_some()) && self.run_next(None).await {}
    }

    /// Moves the clock to the time at which something is due next, and runs it. Returns `false` if that is after `until`
    /// or if nothing waits.
    async fn run_next(self: &Arc<Self>, until: Option<SystemTime>) -> bool {
        let next = [self.events.next_due(), self.sources.next_due(), self.executions.next_due()];
        let next = next.into_iter().flatten().min();
        let Some(next) = next.filter(|next| until.is_none_or(|until| *next <= until)) else { return false };
        self.events.move_to(next);
        self.events.run_due();
        self.sources.run_due();
        self.wait_for_due().await;
        true
    }

    /// Describes the events, messages and records that are not finished.
    pub(super) fn open(&self) -> Vec<String> {
        self.events.open().into_iter().chain(self.sources.open()).collect()
    }

    /// Returns all invocations so far.
    pub(super) fn all_invocations(&self) -> Vec<super::invocations::Invocation> {
        self.executions.update(&self.invocations);
        self.invocations.all()
    }

    /// Replaces a worker by a mock.
    pub(super) fn set_mock(&self, worker: &str, mock: Mock) {
        self.mocks().insert(worker.to_owned(), mock);
    }

    pub(super) fn is_mocked(&self, worker: &str) -> bool {
        self.mocks().contains_key(worker)
    }

    /// Returns the output that is shown if the test fails.
    pub(super) fn output(&self) -> &Output {
        &self.local.hosts.output
    }

    fn mocks(&self) -> MutexGuard<'_, HashMap<String, Mock>> {
        self.mocks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the events of a test's app, as long as the app exists.
struct HarnessEventTarget(Weak<Harness>);

impl TestEventTarget for HarnessEventTarget {
    fn attempt(&self, event: AsyncEvent, caller: Option<String>) -> AttemptFuture {
        let harness = self.0.upgrade();
        Box::pin(async move {
            let Some(harness) = harness else { return Attempt::Refused(stopping_error(&event.worker).to_string()) };
            let info = match harness.local.info(&event.worker) {
                Ok(info) => info,
                Err(error) => return Attempt::Refused(error.to_string()),
            };
            let function = info.function_info();
            if let Some(error) = harness.settings.recursion.loop_error(&function, &event.trace) {
                return Attempt::Dropped(error);
            }
            let mut invocation = Invocation::new(event.payload.clone(), Some(event.trace.clone()));
            invocation.request_id.clone_from(&event.id);
            if harness.is_durable(&info) {
                // The event of a destination. Its execution has retries of its own, and its name makes it run once.
                let start = ExecutionStart { invocation, name: Some(event.id.clone()), waits: false };
                return match harness.execute(info, start, caller).await {
                    Ok(_) => Attempt::Answered("null".into()),
                    Err(error) => Attempt::failed(&error.into_call_error(&event.worker), &function, &event.id),
                };
            }
            match harness.run(info, invocation, Origin { caller, attempt: Some(event.attempts) }).await {
                Ok(response) => Attempt::Answered(response),
                Err(error) => Attempt::failed(&error, &function, &event.id),
            }
        })
    }

    fn resolve(&self, destination: &str, event: &AsyncEvent) -> Option<DestinationFunction> {
        let harness = self.0.upgrade()?;
        let find = |name: &str| Some(harness.local.info(name).ok()?.function_info());
        harness.settings.resolve_destination(destination, event, find)
    }
}

impl BatchTarget for HarnessEventTarget {
    fn invoke(&self, worker: &str, invocation: Invocation) -> Reply {
        let harness = self.0.upgrade().ok_or_else(|| stopping_error(worker));
        let worker = worker.to_owned();
        Box::pin(async move {
            let harness = harness?;
            let info = harness.local.info(&worker)?;
            harness.run(info, invocation, Origin::default()).await
        })
    }
}
