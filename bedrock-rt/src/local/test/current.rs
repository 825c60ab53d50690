//! Which test a call belongs to, where several run in one program: that of the task it is made in, else that of the async
//! runtime it is made on.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::runtime::{Handle, Id};

use super::harness::Harness;
use crate::Error;
use crate::transport::{self, Call, Reply};

static CLAIMS: Mutex<Vec<Claim>> = Mutex::new(Vec::new());

tokio::task_local! {
    static APP: Arc<Harness>;
}

/// Calls that are made on this runtime belong to this app.
struct Claim {
    runtime: Id,
    app: Weak<Harness>,
    /// Whether the runtime is the app's own, on which its workers run.
    owns: bool,
}

/// Has calls come to an app, as long as this is there.
pub(super) struct Here(Weak<Harness>);

impl Here {
    /// From the app's own runtime.
    pub(super) fn new(app: &Arc<Harness>) -> Self {
        transport::ask_first(take);
        let here = Self(Arc::downgrade(app));
        here.claim(app.local.handle.id(), true);
        here
    }

    /// From the test's runtime too, if that is another one.
    pub(super) fn and_on(&self, runtime: Id) {
        self.claim(runtime, false);
    }

    fn claim(&self, runtime: Id, owns: bool) {
        claims().push(Claim { runtime, app: self.0.clone(), owns });
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        claims().retain(|claim| !claim.app.ptr_eq(&self.0));
    }
}

fn claims() -> MutexGuard<'static, Vec<Claim>> {
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a future so that its calls come to this app, wherever it runs.
pub(super) fn scope<F: Future>(app: &Arc<Harness>, future: F) -> impl Future<Output = F::Output> {
    APP.scope(Arc::clone(app), future)
}

/// Takes a call that is part of a test.
fn take(call: Call) -> Result<Reply, Call> {
    match current(call.target.as_str()) {
        Some(Ok(app)) => Ok(Box::pin(app.call(call))),
        Some(Err(error)) => Ok(Box::pin(std::future::ready(Err(error)))),
        None => Err(call),
    }
}

/// The app to which a call of `worker` belongs that is made now; nothing if it is part of no test.
fn current(worker: &str) -> Option<Result<Arc<Harness>, Error>> {
    if let Ok(app) = APP.try_with(Arc::clone) {
        return Some(Ok(app));
    }
    let runtime = Handle::try_current().ok()?.id();
    let claims = claims();
    let mut here: Vec<&Claim> = claims.iter().filter(|claim| claim.runtime == runtime).collect();
    if let Some(owner) = here.iter().find(|claim| claim.owns) {
        return owner.app.upgrade().map(Ok);
    }
    let last = here.pop()?;
    if here.is_empty() { last.app.upgrade().map(Ok) } else { Some(Err(ambiguous(worker, here.len() + 1))) }
}

fn ambiguous(worker: &str, apps: usize) -> Error {
    Error::NotStarted {
        worker: worker.to_owned(),
        message: format!("this test has {apps} apps, and the call could be that of any"),
        help: Some("make it within `app.run(async { … })`, or with `app.invoke`".to_owned()),
    }
}
