//! The functions of an app as Lambda's API wants them: Rust workers over the Runtime API, Python and JavaScript workers in
//! their hosts, events in the queue.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use bedrock::Error;
use bedrock::local::service::{Accepted, Backend, Caller, Denied, FunctionInfo, Reply};
use bedrock::local::{Hosted, Invocation};
use bytes::Bytes;

use super::endpoint;
use crate::Clock;
use crate::event_log::Recorder;
use crate::execution::BusyPoller;
use crate::execution::Function;
use crate::policy::AdmissionPolicy;
use crate::queue::{Attempt, Event, Queue, Receiver, Rules, Run};
use crate::reload::ActiveWorkers;

/// What runs the functions of an app.
pub(crate) struct LocalBackend {
    pub(crate) hosted: Hosted,
    /// The endpoint, if it is there.
    pub(crate) endpoint: Option<FunctionInfo>,
    /// Rust workers and the endpoint, by name.
    pub(crate) rust: HashMap<String, Arc<Function>>,
    /// By worker; Lambda's own where there are none.
    pub(crate) rules: HashMap<String, Rules>,
    /// What is refused.
    pub(crate) house: Arc<AdmissionPolicy>,
    pub(crate) clock: Clock,
    /// Who is at work.
    pub(crate) busy: ActiveWorkers,
    /// Knows when something is about to come.
    pub(crate) awake: BusyPoller,
    /// Learns of attempts of events; of calls that are waited for, whoever serves them tells it.
    pub(crate) recorder: Recorder,
    /// Set once, when both are there.
    pub(crate) queue: OnceLock<Arc<Queue>>,
}

impl LocalBackend {
    /// Runs one event once.
    pub(crate) fn attempt(self: &Arc<Self>, event: Event) -> Run {
        let engines = Arc::clone(self);
        Box::pin(async move {
            let function = match engines.find(&event.worker) {
                Ok(function) => function,
                Err(error) => return Attempt::Refused(error.to_string()),
            };
            if let Some(error) = engines.house.dropped(&function, &event.trace) {
                return Attempt::Dropped(error);
            }
            let mut invocation = Invocation::new(event.payload.clone(), Some(event.trace.clone()));
            invocation.request_id.clone_from(&event.id);
            let run = |invocation| engines.run(&function, invocation);
            match engines.recorder.run(&function, Some(event.attempts), invocation, run).await {
                Ok(response) => Attempt::Answered(response),
                Err(error) => Attempt::failed(&error, &function, &event.id),
            }
        })
    }

    /// The function that a destination is to which an event leads, if it is one of this app: by a worker's name or an ARN.
    /// Nothing if the chain of calls has led to it too often; Lambda, too, ends such a chain.
    pub(crate) fn resolve(&self, destination: &str, of: &Event) -> Option<Receiver> {
        let name = match destination.split_once(":function:") {
            Some((_, rest)) => rest.split(':').next()?,
            None if destination.contains(':') => return None,
            None => destination,
        };
        let function = self.find(name).ok()?;
        let trace = match self.find(&of.worker) {
            Ok(led) => self.house.counted(&led, of.trace.clone()),
            // It is gone by now, and so are its circles.
            Err(_) => of.trace.clone(),
        };
        self.house.dropped(&function, &trace).is_none().then(|| {
            let rules = self.rules(&function.worker);
            Receiver { worker: function.worker, arn: function.arn, rules, trace }
        })
    }

    fn rules(&self, worker: &str) -> Rules {
        self.rules.get(worker).cloned().unwrap_or_default()
    }
}

impl Backend for LocalBackend {
    fn functions(&self) -> Vec<FunctionInfo> {
        let mut all = self.hosted.backend().functions();
        all.extend(self.endpoint.clone());
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    fn find(&self, name: &str) -> Result<FunctionInfo, Error> {
        if let Some(info) = self.endpoint.as_ref().filter(|info| endpoint::is_meant(name, info)) {
            return Ok(info.clone());
        }
        self.hosted.backend().find(name)
    }

    fn arn(&self, name: &str) -> String {
        self.hosted.backend().arn(name)
    }

    fn admit(&self, caller: Caller<'_>, function: &FunctionInfo, invocation: &Invocation) -> Result<(), Denied> {
        self.house.admit(caller, function, invocation)
    }

    fn run(&self, function: &FunctionInfo, mut invocation: Invocation) -> Reply {
        self.house.count(function, &mut invocation);
        let (limit, worker, house) = (invocation.limit, function.worker.clone(), Arc::clone(&self.house));
        let ran: Reply = match self.rust.get(&worker).cloned() {
            Some(rust) => Box::pin(async move { rust.invoke(invocation).await }),
            None => self.hosted.backend().run(function, invocation),
        };
        let at_work = self.busy.begin(&worker);
        let call = self.awake.begin();
        let ran = async move {
            let answer = ran.await;
            drop((at_work, call));
            answer
        };
        Box::pin(async move { within(limit, &worker, house.concurrency.run(&worker, ran)).await })
    }

    fn accept(&self, function: &FunctionInfo, invocation: Invocation) -> Accepted {
        let event = Event {
            id: invocation.request_id,
            worker: function.worker.clone(),
            arn: function.arn.clone(),
            payload: invocation.event,
            trace: invocation.trace,
            rules: self.rules(&function.worker),
            accepted: self.clock.now(),
            attempts: 0,
            refusals: 0,
        };
        let kept = self.queue.get().map(|queue| queue.accept(&event).map_err(|fault| fault.to_string()));
        let kept = kept.unwrap_or_else(|| Err("the queue is not open yet".to_owned()));
        let error = |message| Error::Transport { worker: event.worker, message, may_have_run: false };
        Box::pin(std::future::ready(kept.map_err(error)))
    }
}

/// Waits for an answer, but never past the caller's own deadline: starting a process takes time, too.
async fn within(
    limit: Option<SystemTime>,
    worker: &str,
    answer: impl Future<Output = Result<Bytes, Error>>,
) -> Result<Bytes, Error> {
    let Some(limit) = limit else { return answer.await };
    let left = limit.duration_since(SystemTime::now()).unwrap_or_default();
    let late = |_| Err(Error::Timeout { worker: worker.to_owned(), after: left });
    tokio::time::timeout(left, answer).await.unwrap_or_else(late)
}
