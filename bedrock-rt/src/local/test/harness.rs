//! A whole app within a test: every call comes by here, is written down, and goes to the worker or to what stands in for it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bedrock_build::{App, Problem};
use bytes::Bytes;
use tokio::runtime::Handle;

use super::events::Events;
use super::front::Front;
use super::invocations::Invocations;
use super::mock::Mock;
use super::prints;
use crate::local::app::AppInfo;
use crate::local::dispatch::{Info, Local, stopping};
use crate::local::host::Company;
use crate::local::invocation::Invocation;
use crate::local::queue::{Lineage, Rules};
use crate::local::workers::described;
use crate::transport::{Call, Kind};
use crate::{Error, invoke};

/// What an [`App`](super::App) is made of.
pub(crate) struct Harness {
    pub(super) local: Arc<Local>,
    pub(super) invocations: Invocations,
    pub(super) events: Events,
    /// By worker; Lambda's own where there are none.
    rules: HashMap<String, Rules>,
    pub(super) lineage: Lineage,
    mocks: Mutex<HashMap<String, Mock>>,
}

/// Where an invocation comes from.
#[derive(Debug, Default)]
pub(super) struct Origin {
    /// The worker or the endpoint that called; nothing for the test itself.
    pub(super) caller: Option<String>,
    /// Which run of an event it is.
    pub(super) attempt: Option<u32>,
}

impl Harness {
    /// On the runtime of `handle`. Nothing is started before it is called.
    pub(super) fn start(app: &App, scratch: PathBuf, handle: Handle) -> Result<Arc<Self>, Problem> {
        let info = AppInfo::of(app, scratch)?;
        let rules = app.workers.iter().map(|worker| (worker.name.to_string(), Rules::of(&worker.settings))).collect();
        let lineage = Lineage::of(app);
        Ok(Arc::new_cyclic(|harness| {
            let front = Arc::new(Front::new(harness.clone()));
            let local = Local::start_beside(info, handle, Company::Test(front));
            let (invocations, events) = Default::default();
            Self { local, invocations, events, rules, lineage, mocks: Mutex::default() }
        }))
    }

    /// A call of this program.
    pub(crate) async fn call(self: Arc<Self>, call: Call) -> Result<Bytes, Error> {
        let info = self.local.info(call.target.as_str())?;
        invoke::check_size(&info.entry.name, call.event.len(), call.kind)?;
        let (mut caller, mut limit, mut trace) = Default::default();
        if let Some(calling) = call.caller {
            (limit, trace) = (Some(calling.deadline), calling.trace);
            caller = calling.function.map(|function| self.name_of(&function.name).to_owned());
        }
        let mut invocation = Invocation::new(call.event, trace);
        if call.kind == Kind::Event {
            self.accept(&info, invocation, caller);
            return Ok(Bytes::new());
        }
        invocation.limit = limit;
        self.run(info, invocation, Origin { caller, attempt: None }).await
    }

    /// The worker that a function's name here stands for.
    fn name_of<'a>(&self, function: &'a str) -> &'a str {
        let rest = function.strip_prefix(self.local.app.name).and_then(|rest| rest.strip_prefix("-local-"));
        rest.unwrap_or(function)
    }

    /// Runs one invocation to its end, also when nobody waits for that any more.
    pub(super) async fn run(
        self: &Arc<Self>,
        info: Arc<Info>,
        invocation: Invocation,
        origin: Origin,
    ) -> Result<Bytes, Error> {
        let (harness, name) = (Arc::clone(self), info.entry.name.clone());
        let ran = self.local.handle.spawn(async move { harness.run_here(&info, invocation, origin).await });
        ran.await.unwrap_or_else(|_| Err(stopping(&name)))
    }

    async fn run_here(&self, info: &Arc<Info>, mut invocation: Invocation, origin: Origin) -> Result<Bytes, Error> {
        let name = &info.entry.name;
        let (tail, id) = (prints::tail(name, &invocation.request_id, self.output()), invocation.request_id.clone());
        invocation.trace = self.lineage.counted(&described(info), invocation.trace);
        let asked = invocation.tail.replace(tail.clone());
        let mock = self.mocks().get(name).cloned();
        let number = self.invocations.begin(name, &invocation, origin, mock.is_some());
        let answer = match mock {
            Some(mock) => {
                let answer = mock.answer(&self.local.handle, info, invocation).await;
                if let Err(error @ Error::Function { .. }) = &answer {
                    self.output().failure(error, &id);
                }
                answer
            }
            None => self.local.answer_named(name, invocation).await,
        };
        let lines = tail.lines();
        if let Some(asked) = asked {
            for line in &lines {
                asked.line(line);
            }
        }
        self.invocations.end(number, &answer, lines);
        answer
    }

    /// Has `mock` run in place of a worker.
    pub(super) fn put_mock(&self, worker: &str, mock: Mock) {
        self.mocks().insert(worker.to_owned(), mock);
    }

    pub(super) fn is_mocked(&self, worker: &str) -> bool {
        self.mocks().contains_key(worker)
    }

    pub(super) fn rules(&self, worker: &str) -> Rules {
        self.rules.get(worker).cloned().unwrap_or_default()
    }

    /// Where to say something to whoever reads why a test failed.
    pub(super) fn output(&self) -> &crate::local::output::Output {
        &self.local.hosts.output
    }

    fn mocks(&self) -> MutexGuard<'_, HashMap<String, Mock>> {
        self.mocks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
