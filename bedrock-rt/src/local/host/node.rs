//! A JavaScript worker: a pool of Node processes, one invocation at a time each, as many as the work needs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::conn::Outcome;
use super::process::{self, Host};
use super::{Hosts, code};
use crate::Error;
use crate::local::Invocation;
use crate::local::dispatch::{Info, stopping};

/// Processes of one worker; further invocations wait for one of them. A Node process takes about 45 MB.
const MOST: usize = 32;
/// How long an invocation waits for a busy process before another one is started. Starting takes ten times as long,
/// so a worker that answers in less is served faster by the processes it has.
const PATIENCE: Duration = Duration::from_millis(5);
/// Calls that a process is given ahead, while its worker answers within a millisecond. Saves the idle time between
/// its answer and the next call, which would be longer than the work.
const AHEAD: usize = 16;
/// A process that had nothing to do for so long is ended, unless it is the last one.
const IDLE: Duration = Duration::from_secs(30);

type Answer = Result<Arc<Host>, Error>;

/// The hosts of one JavaScript worker.
pub(in crate::local) struct NodePool {
    info: Arc<Info>,
    hosts: Arc<Hosts>,
    /// Processes that may be starting at the same time: more would only slow one another down.
    at_once: usize,
    state: Mutex<State>,
    /// Held while the processes are replaced.
    replacing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    running: Vec<Running>,
    starting: usize,
    /// How often the processes were replaced.
    generation: u64,
    /// What the processes have loaded, if that is sure.
    code: Option<u64>,
    /// A new process is being started that will serve instead of all others.
    replacing: bool,
    waiting: VecDeque<oneshot::Sender<Answer>>,
    /// Whether a task looks for idle processes.
    sweeping: bool,
}

struct Running {
    host: Arc<Host>,
    /// Calls that it has been given.
    calls: usize,
    used: Instant,
}

impl Running {
    fn new(host: Arc<Host>) -> Self {
        Self { host, calls: 0, used: Instant::now() }
    }
}

impl State {
    /// A process for one more call: an idle one, else a quick one.
    fn pick(&mut self) -> Option<Arc<Host>> {
        let fits = |running: &&mut Running| {
            running.host.conn.usable() && (running.calls == 0 || (running.calls < AHEAD && running.host.conn.quick()))
        };
        // The first ones are used most, so the others are idle and can go.
        let running = self.running.iter_mut().filter(fits).min_by_key(|running| running.calls)?;
        running.calls += 1;
        Some(Arc::clone(&running.host))
    }

    /// Has this process run all further calls, and no other.
    fn put(&mut self, host: Arc<Host>, code: Option<u64>) {
        self.retire();
        self.running.push(Running::new(host));
        self.code = code;
    }

    fn retire(&mut self) {
        for old in self.running.drain(..) {
            old.host.retire();
        }
    }

    fn count(&self) -> usize {
        self.running.len() + self.starting
    }
}

impl NodePool {
    pub(in crate::local) fn new(info: Arc<Info>, hosts: Arc<Hosts>) -> Arc<Self> {
        let at_once = std::thread::available_parallelism().map_or(2, usize::from);
        Arc::new(Self { info, hosts, at_once, state: Mutex::default(), replacing: tokio::sync::Mutex::default() })
    }

    /// Runs one invocation. Must be polled to its end; see [`Detach`](crate::local::detach::Detach).
    pub(in crate::local) async fn invoke(self: Arc<Self>, invocation: Invocation) -> Result<Bytes, Error> {
        loop {
            let host = self.take().await?;
            let began = Instant::now();
            let outcome = host.conn.call(&invocation).await;
            if !matches!(outcome, Outcome::NotRun) {
                host.measure(&invocation, began.elapsed());
            }
            if invocation.tail.is_some() {
                host.prints.settle().await;
            }
            match outcome {
                Outcome::Done(result) => {
                    self.give_back(&host);
                    return result;
                }
                Outcome::TimedOut(error) => {
                    // The environment ends, as on Lambda. Calls that wait in the process come back and go elsewhere.
                    self.discard(&host);
                    return Err(error);
                }
                Outcome::NotRun => self.give_back(&host),
            }
        }
    }

    async fn take(self: &Arc<Self>) -> Answer {
        let mut turn = {
            let mut state = self.lock();
            if let Some(host) = state.pick() {
                return Ok(host);
            }
            // Processes that died in their sleep, or whose worker failed after its answer.
            state.running.retain(|running| running.calls > 0 || running.host.alive());
            let (place, turn) = oneshot::channel();
            state.waiting.push_back(place);
            if state.count() == 0 {
                self.grow(&mut state);
            }
            turn
        };
        let answer = if let Ok(answer) = tokio::time::timeout(PATIENCE, &mut turn).await {
            answer
        } else {
            self.grow_if_needed();
            turn.await
        };
        answer.unwrap_or_else(|_| Err(stopping(&self.info.entry.name)))
    }

    /// Starts a process before anybody calls it.
    pub(in crate::local) async fn warm(self: Arc<Self>) -> Result<(), Error> {
        let host = self.take().await?;
        self.give_back(&host);
        Ok(())
    }

    fn is_debugged(&self) -> bool {
        self.hosts.debugger(&self.info.entry.name).is_some()
    }

    fn grow_if_needed(self: &Arc<Self>) {
        let mut state = self.lock();
        let most = if self.is_debugged() { 1 } else { MOST };
        if state.count() < most && state.starting < state.waiting.len().min(self.at_once) {
            self.grow(&mut state);
        }
    }

    fn grow(self: &Arc<Self>, state: &mut State) {
        if state.replacing {
            // What would be started is what the replacement starts.
            return;
        }
        state.starting += 1;
        let (pool, generation) = (Arc::clone(self), state.generation);
        self.hosts.handle.spawn(async move {
            let (started, code) = pool.start().await;
            pool.started(started, generation, code);
        });
    }

    /// Puts a new process in the place of those that run, if any do; says whether it did.
    ///
    /// Until the new one is ready the old ones serve. If the worker cannot be loaded any more, they serve no longer: who
    /// waits gets the error, and the next call tries to load it again.
    pub(in crate::local) async fn replace(self: Arc<Self>) -> Result<bool, Error> {
        let _one_by_one = self.replacing.lock().await;
        {
            let mut state = self.lock();
            if state.count() == 0 {
                return Ok(false);
            }
            state.generation += 1;
            state.replacing = true;
        }
        if self.is_debugged() {
            // The debugger finds the new one where it found the old one, which lets go of the port first.
            let old = std::mem::take(&mut self.lock().running);
            for running in old {
                running.host.finish().await;
            }
        }
        let (started, code) = self.start().await;
        let result = started.as_ref().map(|_| true).map_err(Clone::clone);
        {
            let mut state = self.lock();
            state.replacing = false;
            match started {
                Ok(host) => {
                    host.take_init();
                    state.put(host, code);
                }
                Err(error) => {
                    state.retire();
                    refuse(&mut state, &error);
                }
            }
            serve(&mut state);
        }
        self.grow_if_needed();
        result
    }

    /// A process that is ready, and what it has loaded; nothing if files were saved meanwhile.
    async fn start(&self) -> (Answer, Option<u64>) {
        let folder = self.hosts.app.root.join(&self.info.entry.dir);
        let before = code::fingerprint(&folder);
        let started = process::start_ready(&self.info, &self.hosts).await;
        (started, Some(code::fingerprint(&folder)).filter(|after| *after == before))
    }

    fn started(self: &Arc<Self>, started: Answer, generation: u64, code: Option<u64>) {
        {
            let mut state = self.lock();
            state.starting -= 1;
            match started {
                // It was started for files that have been replaced since then.
                Ok(host) if generation != state.generation => host.kill(),
                Err(_) if generation != state.generation => {}
                Ok(host) if state.running.is_empty() => state.put(host, code),
                Ok(host) if code.is_some() && code == state.code => state.running.push(Running::new(host)),
                // Files were saved, and nobody has said so yet: a caller could meet old code behind new code.
                Ok(host) if code.is_some() => {
                    state.generation += 1;
                    state.put(host, code);
                }
                Ok(host) => host.kill(),
                Err(error) => refuse(&mut state, &error),
            }
            serve(&mut state);
        }
        // Those who still wait have waited long.
        self.grow_if_needed();
    }

    /// The process has one call less: whoever waits longest may have it.
    fn give_back(self: &Arc<Self>, host: &Arc<Host>) {
        if host.conn.broken() {
            return self.discard(host);
        }
        if host.conn.retired() {
            // It ends when it has answered the others.
            return;
        }
        let mut state = self.lock();
        if let Some(running) = state.running.iter_mut().find(|running| Arc::ptr_eq(&running.host, host)) {
            running.calls = running.calls.saturating_sub(1);
            running.used = Instant::now();
        }
        serve(&mut state);
        if !state.sweeping && state.running.len() > 1 {
            state.sweeping = true;
            self.hosts.handle.spawn(Arc::clone(self).sweep());
        }
    }

    fn discard(self: &Arc<Self>, host: &Arc<Host>) {
        host.kill();
        let mut state = self.lock();
        state.running.retain(|running| !Arc::ptr_eq(&running.host, host));
        // Those who waited for this process need another one.
        if !state.waiting.is_empty() && state.count() == 0 {
            self.grow(&mut state);
        }
    }

    /// Ends processes that have nothing to do, until one is left.
    async fn sweep(self: Arc<Self>) {
        loop {
            tokio::time::sleep(IDLE / 2).await;
            let mut state = self.lock();
            let idle = |running: &Running| running.calls == 0 && running.used.elapsed() >= IDLE;
            while state.running.len() > 1 {
                let Some(at) = state.running.iter().rposition(idle) else { break };
                state.running.remove(at).host.kill();
            }
            if state.running.len() <= 1 {
                state.sweeping = false;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives processes to those who wait, in their order.
fn serve(state: &mut State) {
    while !state.waiting.is_empty() {
        let Some(host) = state.pick() else { return };
        let place = state.waiting.pop_front();
        if place.is_none_or(|place| place.send(Ok(Arc::clone(&host))).is_err()) {
            // Nobody waits there any more.
            if let Some(running) = state.running.iter_mut().find(|running| Arc::ptr_eq(&running.host, &host)) {
                running.calls -= 1;
            }
        }
    }
}

/// A process could not be started: one of those who wait learns why, all of them if nobody else can serve them.
fn refuse(state: &mut State, error: &Error) {
    let learn = if state.count() == 0 { state.waiting.len() } else { 1 };
    for place in state.waiting.drain(..learn.min(state.waiting.len())) {
        let _ = place.send(Err(error.clone()));
    }
}
