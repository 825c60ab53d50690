//! `App`: the app that a test controls.

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;

use super::backend::TestBackend;
use super::call_assertion::{CallAssertion, CallHistory};
use super::current_app::{self, RuntimeRegistration};
use super::endpoint::{Endpoint, Response};
use super::events::UndeliveredEvent;
use super::execute;
use super::harness::Harness;
use super::invocations::Invocation;
use super::mock::Mock;
use super::test_runtime::{TestRuntime, app_error, problem_text};
use crate::json::{from_json, to_json};
use crate::{Error, Result, WorkerError};
use bedrock_local::scratch_folder;
use bedrock_model::Backend;
use bedrock_model::transport::{Call, InvocationType, Target};

/// All workers of an app, in a test.
///
/// `#[bedrock::test]` makes one for each test. [`App::start`] makes another one, or one in a test of another kind. Apps
/// are independent: each has its own invocations, mocks, events and clock, also in concurrent tests. When an app is
/// dropped its processes are killed, even if the test panics. Events that are not finished then are listed in the
/// test's output.
pub struct App {
    pub(super) harness: Arc<Harness>,
    pub(super) on_disk: bedrock_build::App,
    router: Option<Router>,
    /// The runtime of an app that was made by [`App::start`].
    _runtime: Option<TestRuntime>,
    registration: RuntimeRegistration,
}

impl App {
    pub(super) fn new(app: bedrock_build::App, handle: &Handle, runtime: Option<TestRuntime>) -> Result<Self> {
        crate::runtime::set_test_interceptor(current_app::intercept);
        let scratch = scratch_folder(&app.root);
        let backend = |harness: &Weak<Harness>| -> Arc<dyn Backend> { Arc::new(TestBackend::new(harness.clone())) };
        let harness =
            Harness::start(&app, scratch, handle, backend, execute::start).map_err(|problem| app_error(&[problem]))?;
        let registration = RuntimeRegistration::new(&harness);
        Ok(Self { registration, harness, on_disk: app, router: None, _runtime: runtime })
    }

    /// Starts the app that contains the package under test.
    ///
    /// No process is started before a worker is called. Python and JavaScript workers need their interpreters only then
    /// ([`App::can_run`]). Rust workers must be linked; `#[bedrock::test]` ensures that.
    ///
    /// # Errors
    ///
    /// If the package is not part of an app, or the settings of the app are not valid.
    pub fn start() -> Result<Self> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| Path::new(".").to_owned(), Into::into);
        let app = bedrock_build::App::find(&package).map_err(|problems| app_error(&problems))?;
        let runtime = TestRuntime::start()?;
        let handle = runtime.handle();
        let app = Self::new(app, &handle, Some(runtime))?;
        if let Ok(test) = Handle::try_current() {
            app.registration.register_also_on(test.id());
        }
        Ok(app)
    }

    /// Sets the endpoint, for [`App::get`], [`App::post`] and [`App::request`].
    #[must_use]
    pub fn with_router(mut self, router: Router) -> Self {
        self.router = Some(router);
        self
    }

    /// Calls a worker and waits for its response, as `invoke!` with `require_response = true`.
    ///
    /// # Errors
    ///
    /// The same errors as `invoke!`.
    pub async fn invoke<R: DeserializeOwned>(&self, worker: &str, event: impl Serialize) -> Result<R, Error> {
        let event = to_json(worker, &event)?;
        from_json(worker, &self.call(worker, event, InvocationType::RequestResponse).await?)
    }

    /// Sends an event to a worker, as `invoke!` without `require_response`. [`App::wait_for_due_events`] waits until it
    /// has been run.
    ///
    /// # Errors
    ///
    /// The same errors as `invoke!`.
    pub async fn send(&self, worker: &str, event: impl Serialize) -> Result<(), Error> {
        let event = to_json(worker, &event)?;
        self.call(worker, event, InvocationType::Event).await.map(drop)
    }

    async fn call(&self, worker: &str, event: Vec<u8>, kind: InvocationType) -> Result<bytes::Bytes, Error> {
        let call = Call { target: Target::Any(worker.to_owned()), event: event.into(), kind, caller: None };
        let reply = Arc::clone(&self.harness).call(call).await;
        reply.inspect_err(|error| self.print_help(error))
    }

    /// Prints how to fix the mistake behind an error, if that is known.
    pub(super) fn print_help(&self, error: &Error) {
        if let Some(help) = error.help() {
            self.harness.output().print(&format!("help: {help}"));
        }
    }

    /// Runs code whose calls go to this app. Necessary only if the app cannot be determined from the async runtime:
    /// with two apps in a test, or on your own runtime.
    pub async fn run<F: Future>(&self, code: F) -> F::Output {
        current_app::scope(&self.harness, code).await
    }

    /// Sends a `GET` request to the endpoint.
    ///
    /// # Errors
    ///
    /// If no router was set, or it does not respond within the endpoint's timeout.
    pub async fn get(&self, path: &str) -> Result<Response> {
        self.request(Request::get(path).body(Body::empty())?).await
    }

    /// Sends a `POST` request with a JSON body to the endpoint.
    ///
    /// # Errors
    ///
    /// The same errors as [`App::get`].
    pub async fn post(&self, path: &str, json: impl Serialize) -> Result<Response> {
        let body = Body::from(serde_json::to_vec(&json)?);
        self.request(Request::post(path).header(CONTENT_TYPE, "application/json").body(body)?).await
    }

    /// Sends any request to the endpoint.
    ///
    /// # Errors
    ///
    /// The same errors as [`App::get`].
    ///
    /// # Panics
    ///
    /// If the endpoint panics.
    pub async fn request(&self, request: Request<Body>) -> Result<Response> {
        let Some(router) = self.router.clone() else {
            let message = "the app of this test has no endpoint\nhelp: give it one with `app.with_router(router())`";
            return Err(WorkerError::new("NoEndpoint", message));
        };
        let settings = &self.on_disk.settings.endpoint;
        let timeout = Duration::from_secs(settings.timeout);
        let app = self.harness.local.app.name;
        let endpoint = Endpoint { router, app, timeout, memory: settings.memory };
        endpoint.respond(request, &self.harness.local.handle).await
    }

    /// Replaces a worker by a closure. The closure gets the event and returns the response, both of any type that can
    /// be transferred as JSON. It may block, and it may have mutable state.
    ///
    /// ```ignore
    /// let mut failures = 2;
    /// app.mock("mailer", move |_: Value| {
    ///     if failures > 0 {
    ///         failures -= 1;
    ///         return Err(WorkerError::new("Busy", "come back later"));
    ///     }
    ///     Ok(json!({ "sent": true }))
    /// });
    /// ```
    ///
    /// # Panics
    ///
    /// If the app has no such worker.
    #[track_caller]
    pub fn mock<E, R>(&self, worker: &str, mock: impl FnMut(E) -> Result<R> + Send + 'static)
    where
        E: DeserializeOwned + 'static,
        R: Serialize + 'static,
    {
        self.set_mock(worker, Mock::closure(mock));
    }

    /// Replaces a worker by an async closure, which may wait and call workers. Calls run concurrently.
    ///
    /// # Panics
    ///
    /// If the app has no such worker.
    #[track_caller]
    pub fn mock_async<E, R, F>(&self, worker: &str, mock: impl Fn(E) -> F + Send + Sync + 'static)
    where
        E: DeserializeOwned + 'static,
        R: Serialize + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
    {
        self.set_mock(worker, Mock::future(mock));
    }

    /// Fails every call of a worker with this error, for example a timeout without waiting for it.
    ///
    /// # Panics
    ///
    /// If the app has no such worker.
    #[track_caller]
    pub fn mock_error(&self, worker: &str, error: Error) {
        self.set_mock(worker, Mock::Error(error));
    }

    #[track_caller]
    fn set_mock(&self, worker: &str, mock: Mock) {
        self.check_name(worker);
        self.harness.set_mock(worker, mock);
    }

    /// Returns the clock of events.
    pub fn clock(&self) -> Clock<'_> {
        Clock(&self.harness)
    }

    /// Waits until no accepted event is due: each event has succeeded, has failed permanently, or waits for the clock. So
    /// does each message of a queue and each record of a stream.
    /// Also waits until no execution of a durable worker runs: each has ended, or waits for the clock or a callback.
    pub async fn wait_for_due_events(&self) {
        self.harness.wait_for_due().await;
    }

    /// The former name of [`App::wait_for_due_events`].
    #[deprecated(note = "use `wait_for_due_events`")]
    pub async fn settled(&self) {
        self.wait_for_due_events().await;
    }

    /// Moves the clock until all accepted events, messages and records have succeeded or failed permanently.
    pub async fn run_all_events(&self) {
        self.harness.run_all_events().await;
    }

    /// The former name of [`App::run_all_events`].
    #[deprecated(note = "use `run_all_events`")]
    pub async fn drained(&self) {
        self.run_all_events().await;
    }

    /// Returns the events that failed permanently, those that were sent to a destination outside of the app, and the batches
    /// of streams that were discarded.
    ///
    /// An event with a dead-letter queue appears twice: once as failed, once as the dead letter. A chain of events that
    /// has run one worker sixteen times ends here, too.
    pub fn undelivered_events(&self) -> Vec<UndeliveredEvent> {
        self.harness.events.undelivered()
    }

    /// The former name of [`App::undelivered_events`].
    #[deprecated(note = "use `undelivered_events`")]
    pub fn left(&self) -> Vec<UndeliveredEvent> {
        self.undelivered_events()
    }

    /// Returns all invocations so far, in the order in which they started.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.harness.all_invocations()
    }

    /// Asserts that a worker was called. Further assertions can follow: `app.assert_called("mailer").times(3)`. Each
    /// one applies to the calls that match those before it: `.with_event(e).times(2)` counts only the calls with that
    /// event.
    ///
    /// # Panics
    ///
    /// If the worker was not called, or if the app has no such worker. The message lists the invocations so far.
    #[track_caller]
    pub fn assert_called(&self, worker: &str) -> CallAssertion {
        self.check_name(worker);
        CallAssertion::new(worker, self.history())
    }

    /// Asserts that a worker was not called.
    ///
    /// # Panics
    ///
    /// If the worker was called, or if the app has no such worker. The message lists the invocations so far.
    #[track_caller]
    pub fn assert_not_called(&self, worker: &str) {
        self.check_name(worker);
        let history = self.history();
        let is_called = history.invocations.iter().any(|call| call.worker == worker);
        assert!(!is_called, "{}", history.describe(&format!("worker `{worker}` was called, expected never")));
    }

    fn history(&self) -> CallHistory {
        CallHistory { invocations: self.invocations(), open: self.harness.open() }
    }

    /// Checks whether a worker can be started: its interpreter is installed, or its crate is linked. Mocks can always
    /// be started.
    ///
    /// ```ignore
    /// if let Err(missing) = app.can_run("system_fetcher").await {
    ///     eprintln!("skipped: {missing}");
    ///     return Ok(());
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The error that a call would return.
    pub async fn can_run(&self, worker: &str) -> Result<(), Error> {
        if self.harness.is_mocked(worker) { Ok(()) } else { self.harness.local.can_run(worker).await }
    }

    /// Returns the URL of Lambda's API for this app, on a port of 127.0.0.1. It accepts calls of boto3, the AWS SDKs
    /// and the AWS CLI with any credentials. The port is opened by this call, or when a Python or JavaScript worker
    /// needs it.
    ///
    /// # Errors
    ///
    /// If the port cannot be opened.
    pub async fn api_url(&self) -> Result<String> {
        let local = Arc::clone(&self.harness.local);
        let url = self.harness.local.handle.spawn(async move { local.hosts.api_url().await.map(str::to_owned) });
        Ok(url.await??)
    }

    #[track_caller]
    pub(super) fn check_name(&self, worker: &str) {
        if let Err(problem) = self.on_disk.worker(worker) {
            panic!("{}", problem_text(&problem));
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let open = self.harness.open();
        if !open.is_empty() {
            let lines = open.join("\n  ");
            let events = if open.len() == 1 { "an event is" } else { "events are" };
            self.harness.output().print(&format!("note: {events} not finished at the end of the test\n  {lines}"));
        }
        let active = self.harness.executions.active();
        if !active.is_empty() {
            let lines = active.join("\n  ");
            let executions = if active.len() == 1 { "an execution is" } else { "executions are" };
            self.harness.output().print(&format!("note: {executions} not finished at the end of the test\n  {lines}"));
        }
        self.harness.local.hosts.kill_all();
        self.harness.output().flush();
    }
}

/// The clock of an app's events and durable executions. It stands still until it is moved. Deadlines of invocations do not depend on it.
pub struct Clock<'a>(&'a Arc<Harness>);

impl Clock<'_> {
    /// Returns the time of the clock. It begins with the time at which the app was started.
    pub fn now(&self) -> SystemTime {
        self.0.events.now()
    }

    /// Moves the clock forward, and runs what becomes due in the meantime, each at its time: events, and executions of
    /// durable workers whose waits, delays and timeouts are over. Returns when nothing runs any more.
    pub async fn advance(&self, by: Duration) {
        self.0.advance(by).await;
    }
}
