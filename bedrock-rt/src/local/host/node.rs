//! A JavaScript worker: a pool of Node processes, one invocation at a time each, as many as the work needs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::Hosts;
use super::conn::Outcome;
use super::process::{self, Host, INIT};
use crate::Error;
use crate::local::dispatch::{Info, Invocation};

/// Processes of one worker; further invocations wait for one of them. A Node process takes about 45 MB.
const MOST: usize = 32;
/// How long an invocation waits for a busy process before another one is started. Starting takes ten times as long,
/// so a worker that answers in less is served faster by the processes it has.
const PATIENCE: Duration = Duration::from_millis(5);
/// A process that had nothing to do for so long is ended, unless it is the last one.
const IDLE: Duration = Duration::from_secs(30);

type Answer = Result<Arc<Host>, Error>;

/// The hosts of one JavaScript worker.
pub(in crate::local) struct NodePool {
    info: Arc<Info>,
    hosts: Arc<Hosts>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: Vec<(Arc<Host>, Instant)>,
    /// Processes that run or are being started.
    count: usize,
    starting: usize,
    waiting: VecDeque<oneshot::Sender<Answer>>,
    /// Whether a task looks for idle processes.
    sweeping: bool,
}

impl NodePool {
    pub(in crate::local) fn new(info: Arc<Info>, hosts: Arc<Hosts>) -> Arc<Self> {
        Arc::new(Self { info, hosts, state: Mutex::default() })
    }

    /// Runs one invocation in a process of its own.
    pub(in crate::local) async fn invoke(self: Arc<Self>, invocation: Invocation) -> Result<Bytes, Error> {
        loop {
            let host = self.take().await?;
            match host.conn.call(&invocation).await {
                Outcome::Done(result) => {
                    self.give_back(host);
                    return result;
                }
                Outcome::TimedOut(error) => {
                    self.discard(&host);
                    return Err(error);
                }
                Outcome::NotSent => self.discard(&host),
            }
        }
    }

    /// A process that runs nothing else.
    async fn take(self: &Arc<Self>) -> Answer {
        let mut place = {
            let mut state = self.lock();
            while let Some((host, _)) = state.idle.pop() {
                if host.conn.usable() {
                    return Ok(host);
                }
                state.count -= 1;
            }
            let (place, turn) = oneshot::channel();
            state.waiting.push_back(place);
            if state.count == 0 {
                self.grow(&mut state);
            }
            turn
        };
        let answer = match tokio::time::timeout(PATIENCE, &mut place).await {
            Ok(answer) => answer,
            Err(_) => {
                self.grow_if_needed();
                place.await
            }
        };
        answer.unwrap_or_else(|_| {
            Err(Error::Transport {
                worker: self.info.entry.name.clone(),
                message: "the program is stopping".to_owned(),
                may_have_run: false,
            })
        })
    }

    fn grow_if_needed(self: &Arc<Self>) {
        let mut state = self.lock();
        if state.count < MOST && state.starting < state.waiting.len() {
            self.grow(&mut state);
        }
    }

    fn grow(self: &Arc<Self>, state: &mut State) {
        state.count += 1;
        state.starting += 1;
        let pool = Arc::clone(self);
        self.hosts.handle.spawn(async move {
            let started = pool.start().await;
            pool.lock().starting -= 1;
            match started {
                Ok(host) => pool.give_back(host),
                Err(error) => pool.refuse(&error),
            }
        });
    }

    async fn start(&self) -> Answer {
        let host = process::start(&self.info, &self.hosts).await?;
        match host.conn.ready(INIT).await {
            Ok(()) => Ok(host),
            Err(error) => {
                host.kill();
                Err(error)
            }
        }
    }

    /// A process could not be started: one of those who wait learns why, all of them if nobody else can serve them.
    fn refuse(&self, error: &Error) {
        let mut state = self.lock();
        state.count -= 1;
        let learn = if state.count == 0 { state.waiting.len() } else { 1 };
        for _ in 0..learn {
            if let Some(place) = state.waiting.pop_front() {
                let _ = place.send(Err(error.clone()));
            }
        }
    }

    /// The process is free: for whoever waits longest, else for later.
    fn give_back(self: &Arc<Self>, host: Arc<Host>) {
        if !host.conn.usable() {
            return self.discard(&host);
        }
        let mut state = self.lock();
        let mut host = host;
        while let Some(place) = state.waiting.pop_front() {
            match place.send(Ok(host)) {
                Ok(()) => return,
                // That caller is gone; its answer comes back.
                Err(Ok(back)) => host = back,
                Err(Err(_)) => return,
            }
        }
        state.idle.push((host, Instant::now()));
        if !state.sweeping && state.count > 1 {
            state.sweeping = true;
            self.hosts.handle.spawn(Arc::clone(self).sweep());
        }
    }

    fn discard(self: &Arc<Self>, host: &Host) {
        host.kill();
        let mut state = self.lock();
        state.count -= 1;
        // Those who waited for this process need another one.
        if state.count < MOST && state.starting < state.waiting.len() {
            self.grow(&mut state);
        }
    }

    /// Ends processes that have nothing to do, until one is left.
    async fn sweep(self: Arc<Self>) {
        loop {
            tokio::time::sleep(IDLE / 2).await;
            let mut state = self.lock();
            // The last one used is taken first, so the ones that are idle longest are in front.
            while state.count > 1 && state.idle.first().is_some_and(|(_, since)| since.elapsed() >= IDLE) {
                let (host, _) = state.idle.remove(0);
                state.count -= 1;
                host.kill();
            }
            if state.count <= 1 {
                state.sweeping = false;
                return;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
