//! A JavaScript worker, or a Python worker with `isolation = "process"`: a pool of processes. Each runs one invocation at
//! a time; the pool grows with the load.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::code_fingerprint::fingerprint;
use super::dependencies::shared_folder;
use super::pool::{AcquiredHost, CallEnd, HostPool, PoolFuture};
use super::process::{self, HostProcess};
use super::registry::HostRegistry;
use crate::worker_info::{WorkerInfo, stopping_error};
use bedrock_model::Error;

/// Maximum number of processes of one worker; further invocations wait. A Node.js process takes about 45 MB.
const MAX_PROCESSES: usize = 32;
/// How long an invocation waits for a busy process before another one is started. Starting takes ten times as long, so
/// a worker that responds faster is served better by the processes that it has.
const GROW_AFTER: Duration = Duration::from_millis(5);
/// Number of calls that a process is sent ahead while its worker responds within a millisecond. This saves the idle
/// time between a response and the next call, which would be longer than the call itself. Only JavaScript hosts read
/// ahead: they give back what they have not started when they exit.
const MAX_CALLS_AHEAD: usize = 16;
/// How long a process may be idle before it is stopped. The last process is not stopped.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

type StartResult = Result<Arc<HostProcess>, Error>;

/// The host processes of one worker.
pub(crate) struct ProcessPool {
    info: Arc<WorkerInfo>,
    hosts: Arc<HostRegistry>,
    /// Maximum number of processes that start at the same time. More would only slow each other down.
    max_starting: usize,
    state: Mutex<PoolState>,
    /// Held while the processes are replaced, so that replacements follow each other.
    replacing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct PoolState {
    processes: Vec<PooledProcess>,
    /// Number of processes that are starting.
    starting: usize,
    /// How often the processes were replaced.
    generation: u64,
    /// Fingerprint of the code that the processes have loaded. `None` if files were saved while they started.
    code: Option<u64>,
    /// Whether a process is starting that will replace all others.
    is_replacing: bool,
    waiting: VecDeque<oneshot::Sender<StartResult>>,
    /// Whether a task stops idle processes.
    is_stopping_idle: bool,
}

struct PooledProcess {
    process: Arc<HostProcess>,
    /// Number of its running calls.
    calls: usize,
    last_used: Instant,
}

impl PooledProcess {
    fn new(process: Arc<HostProcess>) -> Self {
        Self { process, calls: 0, last_used: Instant::now() }
    }
}

impl PoolState {
    /// Returns a process for one more call: an idle one, otherwise one with short calls.
    fn pick(&mut self) -> Option<Arc<HostProcess>> {
        let is_available = |pooled: &&mut PooledProcess| {
            let connection = &pooled.process.connection;
            let accepts_more = pooled.calls < MAX_CALLS_AHEAD && connection.has_short_calls();
            connection.is_usable() && (pooled.calls == 0 || accepts_more)
        };
        // The first processes are preferred, so that the others become idle and are stopped.
        let pooled = self.processes.iter_mut().filter(is_available).min_by_key(|pooled| pooled.calls)?;
        pooled.calls += 1;
        Some(Arc::clone(&pooled.process))
    }

    /// Replaces all processes by this one.
    fn replace_all(&mut self, process: Arc<HostProcess>, code: Option<u64>) {
        self.retire_all();
        self.processes.push(PooledProcess::new(process));
        self.code = code;
    }

    fn retire_all(&mut self) {
        for old in self.processes.drain(..) {
            old.process.retire();
        }
    }

    fn count(&self) -> usize {
        self.processes.len() + self.starting
    }
}

impl ProcessPool {
    pub(crate) fn new(info: Arc<WorkerInfo>, hosts: Arc<HostRegistry>) -> Arc<Self> {
        let max_starting = std::thread::available_parallelism().map_or(2, usize::from);
        let replacing = tokio::sync::Mutex::default();
        Arc::new(Self { info, hosts, max_starting, state: Mutex::default(), replacing })
    }

    /// Returns a process for one call. Waits for a busy process, and starts another one if that takes too long.
    async fn take(self: &Arc<Self>) -> StartResult {
        let mut available = {
            let mut state = self.lock();
            if let Some(process) = state.pick() {
                return Ok(process);
            }
            // Removes processes that exited while they were idle, or whose worker failed after its response.
            state.processes.retain(|pooled| pooled.calls > 0 || pooled.process.check_alive());
            let (waiter, available) = oneshot::channel();
            state.waiting.push_back(waiter);
            if state.count() == 0 {
                self.grow(&mut state);
            }
            available
        };
        let result = if let Ok(result) = tokio::time::timeout(GROW_AFTER, &mut available).await {
            result
        } else {
            self.grow_if_needed();
            available.await
        };
        result.unwrap_or_else(|_| Err(stopping_error(&self.info.entry.name)))
    }

    fn is_debugged(&self) -> bool {
        self.hosts.debugger_port(&self.info).is_some()
    }

    fn grow_if_needed(self: &Arc<Self>) {
        let mut state = self.lock();
        let max_processes = if self.is_debugged() { 1 } else { MAX_PROCESSES };
        if state.count() < max_processes && state.starting < state.waiting.len().min(self.max_starting) {
            self.grow(&mut state);
        }
    }

    fn grow(self: &Arc<Self>, state: &mut PoolState) {
        if state.is_replacing {
            // The replacement is starting already.
            return;
        }
        state.starting += 1;
        let pool = Arc::clone(self);
        let generation = state.generation;
        self.hosts.handle.spawn(async move {
            let (started, code) = pool.start().await;
            pool.add_started(started, generation, code);
        });
    }

    async fn replace_processes(self: &Arc<Self>) -> Result<bool, Error> {
        let _replacing = self.replacing.lock().await;
        process::delete_bytecode(&self.info, &self.hosts);
        {
            let mut state = self.lock();
            if state.count() == 0 {
                return Ok(false);
            }
            state.generation += 1;
            state.is_replacing = true;
        }
        if self.is_debugged() {
            // The debugger connects to the same port again, so the old process must release it first.
            let old = std::mem::take(&mut self.lock().processes);
            for pooled in old {
                pooled.process.finish().await;
            }
        }
        let (started, code) = self.start().await;
        let result = started.as_ref().map(|_| true).map_err(Clone::clone);
        {
            let mut state = self.lock();
            state.is_replacing = false;
            match started {
                Ok(process) => {
                    process.take_init_duration();
                    state.replace_all(process, code);
                }
                Err(error) => {
                    state.retire_all();
                    fail_waiters(&mut state, &error);
                }
            }
            serve_waiters(&mut state);
        }
        self.grow_if_needed();
        result
    }

    /// Starts a process. Returns it with the fingerprint of its code, which is `None` if files were saved in the
    /// meantime.
    async fn start(&self) -> (StartResult, Option<u64>) {
        let own = self.hosts.app.root.join(&self.info.entry.dir);
        let folders: Vec<_> = [own].into_iter().chain(shared_folder(&self.info, &self.hosts)).collect();
        let before = fingerprint(&folders);
        let started = process::start_ready(&self.info, &self.hosts).await;
        (started, Some(fingerprint(&folders)).filter(|after| *after == before))
    }

    fn add_started(self: &Arc<Self>, started: StartResult, generation: u64, code: Option<u64>) {
        {
            let mut state = self.lock();
            state.starting -= 1;
            match started {
                // The processes have been replaced since it was started.
                Ok(process) if generation != state.generation => process.kill(),
                Err(_) if generation != state.generation => {}
                Ok(process) if state.processes.is_empty() => state.replace_all(process, code),
                Ok(process) if code.is_some() && code == state.code => {
                    state.processes.push(PooledProcess::new(process));
                }
                // Files were saved and no reload was requested yet: a caller could get old code after new code.
                Ok(process) if code.is_some() => {
                    state.generation += 1;
                    state.replace_all(process, code);
                }
                Ok(process) => process.kill(),
                Err(error) => fail_waiters(&mut state, &error),
            }
            serve_waiters(&mut state);
        }
        // Callers that still wait have waited long enough.
        self.grow_if_needed();
    }

    /// Returns a process after a call. The caller that has waited longest gets it.
    fn give_back(self: &Arc<Self>, process: &Arc<HostProcess>) {
        if process.connection.is_broken() {
            return self.remove_process(process);
        }
        if process.connection.is_retired() {
            // It ends when it has finished its other calls.
            return;
        }
        let mut state = self.lock();
        if let Some(pooled) = state.processes.iter_mut().find(|pooled| Arc::ptr_eq(&pooled.process, process)) {
            pooled.calls = pooled.calls.saturating_sub(1);
            pooled.last_used = Instant::now();
        }
        serve_waiters(&mut state);
        if !state.is_stopping_idle && state.processes.len() > 1 {
            state.is_stopping_idle = true;
            self.hosts.handle.spawn(Arc::clone(self).stop_idle_processes());
        }
    }

    fn remove_process(self: &Arc<Self>, process: &Arc<HostProcess>) {
        process.kill();
        self.lock().processes.retain(|pooled| !Arc::ptr_eq(&pooled.process, process));
        // Callers that waited for this process need another one, also if all others hang.
        self.grow_if_needed();
    }

    /// Stops idle processes until only one is left.
    async fn stop_idle_processes(self: Arc<Self>) {
        loop {
            tokio::time::sleep(IDLE_TIMEOUT / 2).await;
            let mut state = self.lock();
            let is_idle = |pooled: &PooledProcess| pooled.calls == 0 && pooled.last_used.elapsed() >= IDLE_TIMEOUT;
            while state.processes.len() > 1 {
                let Some(at) = state.processes.iter().rposition(is_idle) else { break };
                state.processes.remove(at).process.kill();
            }
            if state.processes.len() <= 1 {
                state.is_stopping_idle = false;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, PoolState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HostPool for ProcessPool {
    fn acquire(self: Arc<Self>) -> PoolFuture<AcquiredHost> {
        Box::pin(async move { Ok(AcquiredHost { process: self.take().await?, _permit: None }) })
    }

    fn release(self: Arc<Self>, host: &AcquiredHost, end: CallEnd) {
        match end {
            CallEnd::Responded | CallEnd::NotRun => self.give_back(&host.process),
            // The execution environment ends, as on Lambda. Other calls in the process come back and run elsewhere.
            CallEnd::TimedOut => self.remove_process(&host.process),
        }
    }

    fn retire(&self) {
        self.lock().retire_all();
        process::delete_bytecode(&self.info, &self.hosts);
    }

    fn replace(self: Arc<Self>) -> PoolFuture<bool> {
        Box::pin(async move { self.replace_processes().await })
    }
}

/// Gives processes to waiting callers, in the order of their arrival.
fn serve_waiters(state: &mut PoolState) {
    while !state.waiting.is_empty() {
        let Some(process) = state.pick() else { return };
        let waiter = state.waiting.pop_front();
        if waiter.is_none_or(|waiter| waiter.send(Ok(Arc::clone(&process))).is_err()) {
            // The caller has stopped waiting.
            if let Some(pooled) = state.processes.iter_mut().find(|pooled| Arc::ptr_eq(&pooled.process, &process)) {
                pooled.calls -= 1;
            }
        }
    }
}

/// Reports that a process could not be started: to one waiting caller, or to all if there is no other process.
fn fail_waiters(state: &mut PoolState, error: &Error) {
    let count = if state.count() == 0 { state.waiting.len() } else { 1 };
    for waiter in state.waiting.drain(..count.min(state.waiting.len())) {
        let _ = waiter.send(Err(error.clone()));
    }
}
