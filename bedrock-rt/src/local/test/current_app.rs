//! Finds the app that a call belongs to, if several tests run in one program: the app of the task that makes the call,
//! otherwise the app of the async runtime.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::runtime::{Handle, Id};

use super::harness::Harness;
use crate::Error;
use bedrock_model::transport::{Call, Reply};

static CLAIMS: Mutex<Vec<RuntimeClaim>> = Mutex::new(Vec::new());

tokio::task_local! {
    static APP: Arc<Harness>;
}

/// Assigns the calls on a runtime to an app.
struct RuntimeClaim {
    runtime: Id,
    app: Weak<Harness>,
    /// Whether it is the app's own runtime, on which its workers run.
    is_owner: bool,
}

/// Registration of an app for the calls on its runtimes. It ends when this is dropped.
pub(super) struct RuntimeRegistration(Weak<Harness>);

impl RuntimeRegistration {
    /// Registers an app for its own runtime.
    pub(super) fn new(app: &Arc<Harness>) -> Self {
        let registration = Self(Arc::downgrade(app));
        registration.claim(app.local.handle.id(), true);
        registration
    }

    /// Registers the app also for the runtime of the test.
    pub(super) fn register_also_on(&self, runtime: Id) {
        self.claim(runtime, false);
    }

    fn claim(&self, runtime: Id, is_owner: bool) {
        claims().push(RuntimeClaim { runtime, app: self.0.clone(), is_owner });
    }
}

impl Drop for RuntimeRegistration {
    fn drop(&mut self) {
        claims().retain(|claim| !claim.app.ptr_eq(&self.0));
    }
}

fn claims() -> MutexGuard<'static, Vec<RuntimeClaim>> {
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a future whose calls go to this app, on any runtime.
pub(super) fn scope<F: Future>(app: &Arc<Harness>, future: F) -> impl Future<Output = F::Output> {
    APP.scope(Arc::clone(app), future)
}

/// Takes a call that is part of a test. Returns any other call unchanged.
pub(super) fn intercept(call: Call) -> Result<Reply, Call> {
    match find_app(call.target.as_str()) {
        Some(Ok(app)) => Ok(Box::pin(app.call(call))),
        Some(Err(error)) => Ok(Box::pin(std::future::ready(Err(error)))),
        None => Err(call),
    }
}

/// Returns the app that a call of `worker` belongs to. `None` if the call is not part of a test.
fn find_app(worker: &str) -> Option<Result<Arc<Harness>, Error>> {
    if let Ok(app) = APP.try_with(Arc::clone) {
        return Some(Ok(app));
    }
    let runtime = Handle::try_current().ok()?.id();
    let claims = claims();
    let mut matching: Vec<&RuntimeClaim> = claims.iter().filter(|claim| claim.runtime == runtime).collect();
    if let Some(owner) = matching.iter().find(|claim| claim.is_owner) {
        return owner.app.upgrade().map(Ok);
    }
    let last = matching.pop()?;
    if matching.is_empty() { last.app.upgrade().map(Ok) } else { Some(Err(ambiguous(worker, matching.len() + 1))) }
}

fn ambiguous(worker: &str, apps: usize) -> Error {
    Error::NotStarted {
        worker: worker.to_owned(),
        message: format!("this test has {apps} apps, and the call could be that of any"),
        help: Some("make it within `app.run(async { … })`, or with `app.invoke`".to_owned()),
    }
}
