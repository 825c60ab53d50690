//! `App`: what a test holds.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;

use super::called::{Called, Story};
use super::current::{self, Here};
use super::endpoint::{Endpoint, Response};
use super::events::Left;
use super::harness::Harness;
use super::invocations::Invocation;
use super::mock::Mock;
use super::start::Threads;
use crate::invoke::{from_json, to_json};
use crate::transport::{Call, Kind, Target};
use crate::{Error, Result, WorkerError};

/// All workers of an app, within a test.
///
/// `#[bedrock::test]` makes one for each test; [`App::start`] makes another, or one in a test of another kind. No app sees
/// the invocations, mocks, events or clock of another, in however many tests at once. When it is dropped its processes are
/// ended, also when the test panics; events that are not done then are named in the test's output.
pub struct App {
    harness: Arc<Harness>,
    on_disk: bedrock_build::App,
    router: Option<Router>,
    /// Its runtime, if nobody else keeps that.
    _threads: Option<Threads>,
    here: Here,
}

impl App {
    pub(super) fn on(app: bedrock_build::App, handle: Handle, threads: Option<Threads>) -> Result<Self> {
        let scratch = crate::local::app::scratch(&app.root);
        let harness = Harness::start(&app, scratch, handle).map_err(|problem| super::start::problems(&[problem]))?;
        Ok(Self { here: Here::new(&harness), harness, on_disk: app, router: None, _threads: threads })
    }

    /// All workers of the app whose package, or whose worker's package, is being tested.
    ///
    /// Nothing is started before it is called. Python and JavaScript workers need their interpreters only then
    /// ([`App::can_run`]); Rust workers must be linked, which `#[bedrock::test]` sees to.
    ///
    /// # Errors
    ///
    /// If there is no app around the package, or its settings are wrong.
    pub fn start() -> Result<Self> {
        let here = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| Path::new(".").to_owned(), Into::into);
        let app = bedrock_build::App::find(&here).map_err(|all| super::start::problems(&all))?;
        let threads = Threads::start()?;
        let handle = threads.handle();
        let app = Self::on(app, handle, Some(threads))?;
        if let Ok(test) = Handle::try_current() {
            app.here.and_on(test.id());
        }
        Ok(app)
    }

    /// Gives it its endpoint, for [`App::get`], [`App::post`] and [`App::request`].
    #[must_use]
    pub fn with_router(mut self, router: Router) -> Self {
        self.router = Some(router);
        self
    }

    /// Calls a worker and waits for its answer, as `invoke!` with `require_response = true`.
    ///
    /// # Errors
    ///
    /// The same as those of `invoke!`.
    pub async fn invoke<R: DeserializeOwned>(&self, worker: &str, event: impl Serialize) -> Result<R, Error> {
        let event = to_json(worker, &event)?;
        from_json(worker, &self.call(worker, event, Kind::RequestResponse).await?)
    }

    /// Hands a worker an event, as `invoke!` without `require_response`. [`App::settled`] waits until it has been run.
    ///
    /// # Errors
    ///
    /// The same as those of `invoke!`.
    pub async fn send(&self, worker: &str, event: impl Serialize) -> Result<(), Error> {
        let event = to_json(worker, &event)?;
        self.call(worker, event, Kind::Event).await.map(drop)
    }

    async fn call(&self, worker: &str, event: Vec<u8>, kind: Kind) -> Result<bytes::Bytes, Error> {
        let call = Call { target: Target::Any(worker.to_owned()), event: event.into(), kind, caller: None };
        let answer = Arc::clone(&self.harness).call(call).await;
        if let Some(help) = answer.as_ref().err().and_then(Error::help) {
            self.harness.output().say(&format!("help: {help}"));
        }
        answer
    }

    /// Runs code of the app so that its calls come here, where that cannot be told from the runtime: with two apps in a
    /// test, or on a runtime of your own.
    pub async fn run<F: Future>(&self, code: F) -> F::Output {
        current::scope(&self.harness, code).await
    }

    /// Asks the endpoint for a page.
    ///
    /// # Errors
    ///
    /// If no router was given, or it does not answer within the endpoint's timeout.
    pub async fn get(&self, path: &str) -> Result<Response> {
        self.request(Request::get(path).body(Body::empty())?).await
    }

    /// Sends the endpoint JSON.
    ///
    /// # Errors
    ///
    /// As [`App::get`].
    pub async fn post(&self, path: &str, json: impl Serialize) -> Result<Response> {
        let body = Body::from(serde_json::to_vec(&json)?);
        self.request(Request::post(path).header(CONTENT_TYPE, "application/json").body(body)?).await
    }

    /// Sends the endpoint any request.
    ///
    /// # Errors
    ///
    /// As [`App::get`].
    ///
    /// # Panics
    ///
    /// If the endpoint does.
    pub async fn request(&self, request: Request<Body>) -> Result<Response> {
        let Some(router) = self.router.clone() else {
            let message = "the app of this test has no endpoint\nhelp: give it one with `app.with_router(router())`";
            return Err(WorkerError::new("NoEndpoint", message));
        };
        let settings = &self.on_disk.settings.endpoint;
        let (timeout, memory) = (Duration::from_secs(settings.timeout), settings.memory);
        let endpoint = Endpoint { router, app: self.harness.local.app.name, timeout, memory };
        endpoint.answer(request, &self.harness.local.handle).await
    }

    /// Has a closure run in place of a worker, from now on. It gets the event and gives the response, both of any type
    /// that JSON can carry; it may block, and change what it holds.
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
        self.put_mock(worker, Mock::closure(mock));
    }

    /// The same with a future, which may wait and call workers. Calls run at the same time.
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
        self.put_mock(worker, Mock::future(mock));
    }

    /// Has every call of a worker come to this error: a timeout without the wait for it, or a refusal.
    ///
    /// # Panics
    ///
    /// If the app has no such worker.
    #[track_caller]
    pub fn mock_error(&self, worker: &str, error: Error) {
        self.put_mock(worker, Mock::Error(error));
    }

    #[track_caller]
    fn put_mock(&self, worker: &str, mock: Mock) {
        self.check_name(worker);
        self.harness.put_mock(worker, mock);
    }

    /// The clock of events.
    pub fn clock(&self) -> Clock<'_> {
        Clock(&self.harness)
    }

    /// Waits until no accepted event is due: each has been run, and is done, given up, or waits for the clock.
    pub async fn settled(&self) {
        self.harness.events.settled().await;
    }

    /// Moves the clock until no accepted event is left: each is done or given up.
    pub async fn drained(&self) {
        self.harness.drain().await;
    }

    /// Events that were given up, and those that were handed to a destination outside of the app. One with a dead-letter
    /// queue is there a second time, as that gets it; and a chain of events that ran one worker sixteen times ends here.
    pub fn left(&self) -> Vec<Left> {
        self.harness.events.left()
    }

    /// All invocations so far, in the order in which they began.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.harness.invocations.all()
    }

    /// Asserts that a worker has been called, and lets you ask for more: `app.assert_called("mailer").times(3)`. What is
    /// asked behind one another is asked of what is left: `.with_event(e).times(2)` counts those with that event.
    ///
    /// # Panics
    ///
    /// If it has not, with the invocations that there were; or if the app has no such worker.
    #[track_caller]
    pub fn assert_called(&self, worker: &str) -> Called {
        self.check_name(worker);
        Called::new(worker, self.story())
    }

    /// Asserts that a worker has not been called.
    ///
    /// # Panics
    ///
    /// If it has, with the invocations that there were; or if the app has no such worker.
    #[track_caller]
    pub fn assert_not_called(&self, worker: &str) {
        self.check_name(worker);
        let story = self.story();
        let is_called = story.invocations.iter().any(|call| call.worker == worker);
        assert!(!is_called, "{}", story.after(&format!("worker `{worker}` was called, expected never")));
    }

    fn story(&self) -> Story {
        Story { invocations: self.invocations(), open: self.harness.events.open() }
    }

    /// Whether a worker can be started here: that its interpreter is installed, or its crate linked. Mocked ones can.
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
    /// The one that a call would come to.
    pub async fn can_run(&self, worker: &str) -> Result<(), Error> {
        if self.harness.is_mocked(worker) { Ok(()) } else { self.harness.local.can_run(worker).await }
    }

    /// The URL of Lambda's API for this app, on a port of 127.0.0.1: for boto3, the AWS SDKs and the AWS CLI, with any
    /// credentials. The port is opened when this is asked, or when a Python or JavaScript worker needs it.
    ///
    /// # Errors
    ///
    /// If no port can be opened.
    pub async fn api_url(&self) -> Result<String> {
        let local = Arc::clone(&self.harness.local);
        let asked = self.harness.local.handle.spawn(async move { local.hosts.api().await.map(str::to_owned) });
        Ok(asked.await??)
    }

    #[track_caller]
    fn check_name(&self, worker: &str) {
        if let Err(problem) = self.on_disk.worker(worker) {
            panic!("{}", super::start::said(&problem));
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let open = self.harness.events.open();
        if !open.is_empty() {
            let (count, lines) = (open.len(), open.join("\n  "));
            let said = if count == 1 { "an event is" } else { "events are" };
            self.harness.output().say(&format!("note: {said} not done at the end of the test\n  {lines}"));
        }
        self.harness.local.hosts.end();
        self.harness.output().flush();
    }
}

/// The clock of an app's events: it stands still until it is moved. Deadlines of invocations are real, whatever it shows.
pub struct Clock<'a>(&'a Arc<Harness>);

impl Clock<'_> {
    /// What it shows; at first, when the app was started.
    pub fn now(&self) -> SystemTime {
        self.0.events.now()
    }

    /// Moves it forward, and runs on the way what becomes due, each at its time. Comes back when all of that has ended.
    pub async fn advance(&self, by: Duration) {
        self.0.advance(by).await;
    }
}
