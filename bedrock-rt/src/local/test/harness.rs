//! The app of a test: every call passes through here, is recorded, and goes to the worker or to its mock.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bedrock_build::{App, Problem};
use bedrock_model::{AsyncEvent, Attempt, AttemptFuture, Backend, DestinationFunction, Invocation};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::super::rust_worker::find_linked_worker;
use super::events::{TestEventTarget, TestEvents};
use super::invocations::{Invocations, Origin};
use super::log_capture;
use super::mock::Mock;
use crate::Error;
use bedrock_local::AppInfo;
use bedrock_local::EventSettings;
use bedrock_local::LocalApp;
use bedrock_local::lambda_api::Access;
use bedrock_local::open_api;
use bedrock_local::{ApiUrl, HostConfig};
use bedrock_local::{Output, start_captured_output};
use bedrock_local::{WorkerInfo, stopping_error};
use bedrock_model::transport::{Call, InvocationType, check_event_size};

/// The app of a test.
pub(crate) struct Harness {
    pub(super) local: Arc<LocalApp>,
    pub(super) invocations: Invocations,
    pub(super) events: Arc<TestEvents>,
    settings: EventSettings,
    mocks: Mutex<HashMap<String, Mock>>,
}

impl Harness {
    /// Sets up an app on the async runtime of `handle`. No process is started before a worker is called. `backend`
    /// returns the backend of Lambda's API.
    pub(super) fn start(
        app: &App,
        scratch: PathBuf,
        handle: Handle,
        backend: impl FnOnce(&Weak<Self>) -> Arc<dyn Backend>,
    ) -> Result<Arc<Self>, Problem> {
        let info = AppInfo::from_disk(app, scratch)?;
        let settings = EventSettings::from_app(app);
        Ok(Arc::new_cyclic(|harness: &Weak<Self>| {
            let backend = backend(harness);
            let output = start_captured_output();
            let config = HostConfig {
                // Clients of the test have no access key of this run.
                api: ApiUrl::opened_by(move || open_api(0, Arc::clone(&backend), Access::Signed)),
                access_key: None,
                output: output.clone(),
                variables: Vec::new(),
                debuggers: HashMap::new(),
            };
            let local = LocalApp::new(info, handle.clone(), find_linked_worker, |_| config);
            let target = Arc::new(HarnessEventTarget(harness.clone()));
            let events = TestEvents::new(handle, output, target);
            Self { local, invocations: Invocations::default(), events, settings, mocks: Mutex::default() }
        }))
    }

    /// Makes a call of this program.
    pub(crate) async fn call(self: Arc<Self>, call: Call) -> Result<Bytes, Error> {
        let info = self.local.info(call.target.as_str())?;
        check_event_size(&info.entry.name, call.event.len(), call.kind)?;
        let mut worker = None;
        let mut caller_deadline = None;
        let mut trace = None;
        if let Some(caller) = call.caller {
            caller_deadline = Some(caller.deadline);
            trace = caller.trace;
            worker = caller.function.map(|function| self.worker_name(&function.name).to_owned());
        }
        let mut invocation = Invocation::new(call.event, trace);
        if call.kind == InvocationType::Event {
            self.accept(&info, invocation, worker);
            return Ok(Bytes::new());
        }
        invocation.caller_deadline = caller_deadline;
        self.run(info, invocation, Origin { caller: worker, attempt: None }).await
    }

    /// Returns the worker whose local function has this name.
    fn worker_name<'a>(&self, function: &'a str) -> &'a str {
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
                let reply = mock.respond(&self.local.handle, info, invocation).await;
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
