//! The app of a test behind Lambda's API: how Python and JavaScript workers call others, and how any client does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::harness::{Harness, Origin};
use crate::Error;
use crate::local::dispatch::{arn, stopping};
use crate::local::invocation::Invocation;
use crate::local::service::{Accepted, Backend, Caller, Denied, FunctionInfo, Reply};
use crate::local::workers::described;

/// The app, as long as the test runs.
pub(super) struct Front {
    app: Weak<Harness>,
    /// Who makes the calls that were let in and have not begun, by request.
    callers: Mutex<HashMap<String, String>>,
}

impl Front {
    pub(super) fn new(app: Weak<Harness>) -> Self {
        Self { app, callers: Mutex::default() }
    }

    fn app(&self, worker: &str) -> Result<Arc<Harness>, Error> {
        self.app.upgrade().ok_or_else(|| stopping(worker))
    }

    fn caller_of(&self, invocation: &Invocation) -> Option<String> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner).remove(&invocation.request_id)
    }
}

impl Backend for Front {
    fn functions(&self) -> Vec<FunctionInfo> {
        let app = self.app.upgrade();
        app.iter().flat_map(|app| app.local.infos()).map(|info| described(info)).collect()
    }

    fn find(&self, name: &str) -> Result<FunctionInfo, Error> {
        Ok(described(&*self.app(name)?.local.info(name)?))
    }

    fn arn(&self, name: &str) -> String {
        arn(name)
    }

    /// Everybody may call everybody; this only looks who does.
    fn admit(&self, caller: Caller<'_>, _function: &FunctionInfo, invocation: &Invocation) -> Result<(), Denied> {
        if let Some(worker) = caller.worker {
            let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
            callers.insert(invocation.request_id.clone(), worker.to_owned());
        }
        Ok(())
    }

    fn run(&self, function: &FunctionInfo, invocation: Invocation) -> Reply {
        let (app, name) = (self.app(&function.worker), function.worker.clone());
        let origin = Origin { caller: self.caller_of(&invocation), attempt: None };
        Box::pin(async move {
            let app = app?;
            let info = app.local.info(&name)?;
            app.run(info, invocation, origin).await
        })
    }

    fn accept(&self, function: &FunctionInfo, invocation: Invocation) -> Accepted {
        let (app, caller) = (self.app(&function.worker), self.caller_of(&invocation));
        let accepted = app.and_then(|app| {
            let info = app.local.info(&function.worker)?;
            app.accept(&info, invocation, caller);
            Ok(())
        });
        Box::pin(std::future::ready(accepted))
    }
}
