//! A Python worker: one process, each invocation on a thread of it.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::Hosts;
use super::conn::Outcome;
use super::process::{self, Host};
use crate::Error;
use crate::local::Invocation;
use crate::local::dispatch::Info;

/// Invocations of one worker at the same time; the others wait. Each has a thread in the process.
const AT_ONCE: usize = 256;

/// The host of one Python worker.
pub(in crate::local) struct PythonPool {
    info: Arc<Info>,
    hosts: Arc<Hosts>,
    current: Mutex<Option<Arc<Host>>>,
    /// Held while a host is started, so that one is enough.
    starting: tokio::sync::Mutex<()>,
    room: Semaphore,
}

impl PythonPool {
    pub(in crate::local) fn new(info: Arc<Info>, hosts: Arc<Hosts>) -> Self {
        Self {
            info,
            hosts,
            current: Mutex::default(),
            starting: tokio::sync::Mutex::default(),
            room: Semaphore::new(AT_ONCE),
        }
    }

    /// Runs one invocation. A process that time ran out in, or that ended itself, gets no further one.
    pub(in crate::local) async fn invoke(self: Arc<Self>, invocation: Invocation) -> Result<Bytes, Error> {
        let _room = self.room.acquire().await;
        loop {
            let host = self.host().await?;
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
                    if !host.conn.usable() {
                        self.leave(&host);
                    }
                    return result;
                }
                Outcome::TimedOut(error) => {
                    // On Lambda the environment ends; here other invocations may share the process, so it ends after them.
                    self.leave(&host);
                    return Err(error);
                }
                Outcome::NotRun => self.leave(&host),
            }
        }
    }

    /// The process, started if there is none, with the worker loaded.
    async fn host(&self) -> Result<Arc<Host>, Error> {
        if let Some(host) = self.current() {
            return Ok(host);
        }
        let _starting = self.starting.lock().await;
        if let Some(host) = self.current() {
            return Ok(host);
        }
        let host = process::start_ready(&self.info, &self.hosts).await?;
        *self.lock() = Some(Arc::clone(&host));
        Ok(host)
    }

    /// Starts the process before anybody calls it.
    pub(in crate::local) async fn warm(self: Arc<Self>) -> Result<(), Error> {
        self.host().await.map(|_| ())
    }

    /// Puts a new process in the place of the one that runs, if one does; says whether it did.
    ///
    /// Until the new one is ready the old one serves. If the worker cannot be loaded any more, the old one serves no
    /// longer: the next call tries to load it and gets the error.
    pub(in crate::local) async fn replace(self: Arc<Self>) -> Result<bool, Error> {
        // A process that is being started may have read some files before they were saved and others after.
        let _starting = self.starting.lock().await;
        let Some(old) = self.current() else { return Ok(false) };
        self.forget_bytecode();
        if self.hosts.debugger(&self.info.entry.name).is_some() {
            // The debugger finds the new one where it found the old one, which lets go of the port first.
            *self.lock() = None;
            old.finish().await;
            *self.lock() = Some(process::start_ready(&self.info, &self.hosts).await?);
            return Ok(true);
        }
        let started = process::start_ready(&self.info, &self.hosts).await;
        let new = started.as_ref().ok().cloned();
        if let Some(new) = &new {
            new.take_init();
        }
        *self.lock() = new;
        old.retire();
        started.map(|_| true)
    }

    /// Python tells a changed file by the second in which it was saved and its length, and a reload is faster than that.
    fn forget_bytecode(&self) {
        let folder = self.hosts.app.root.join(&self.info.entry.dir);
        if let Ok(within) = folder.strip_prefix("/") {
            // If it cannot be removed, or there is none, Python decides as it always does.
            let _ = std::fs::remove_dir_all(self.hosts.app.scratch.join(process::BYTECODE).join(within));
        }
    }

    fn current(&self) -> Option<Arc<Host>> {
        self.lock().as_ref().filter(|host| host.conn.usable()).cloned()
    }

    fn leave(&self, host: &Arc<Host>) {
        let mut current = self.lock();
        if let Some(host) = current.take_if(|current| Arc::ptr_eq(current, host)) {
            host.retire();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Host>>> {
        self.current.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
