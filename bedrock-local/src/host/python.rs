//! A Python worker: one host process, with a thread per invocation. With the setting `isolation = "process"` it has
//! [processes](super::process_pool) instead.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::pool::{AcquiredHost, CallEnd, HostPool, PoolFuture};
use super::process::{self, HostProcess};
use super::registry::HostRegistry;
use crate::worker_info::WorkerInfo;
use bedrock_model::Error;

/// Maximum number of concurrent invocations of one worker; others wait. Each has a thread in the process.
const MAX_CONCURRENT_INVOCATIONS: usize = 256;

/// The host process of one Python worker.
pub(crate) struct PythonPool {
    info: Arc<WorkerInfo>,
    hosts: Arc<HostRegistry>,
    current: Mutex<Option<Arc<HostProcess>>>,
    /// Held while a process is started, so that only one is started.
    starting: tokio::sync::Mutex<()>,
    permits: Arc<Semaphore>,
}

impl PythonPool {
    pub(crate) fn new(info: Arc<WorkerInfo>, hosts: Arc<HostRegistry>) -> Self {
        Self {
            info,
            hosts,
            current: Mutex::default(),
            starting: tokio::sync::Mutex::default(),
            permits: Arc::new(Semaphore::new(MAX_CONCURRENT_INVOCATIONS)),
        }
    }

    /// Returns the process with the worker loaded. It is started if there is none.
    async fn process(&self) -> Result<Arc<HostProcess>, Error> {
        if let Some(process) = self.current() {
            return Ok(process);
        }
        let _starting = self.starting.lock().await;
        if let Some(process) = self.current() {
            return Ok(process);
        }
        let process = process::start_ready(&self.info, &self.hosts).await?;
        *self.lock() = Some(Arc::clone(&process));
        Ok(process)
    }

    async fn replace_process(&self) -> Result<bool, Error> {
        // A process that is starting may have read some files before they were saved and others after.
        let _starting = self.starting.lock().await;
        let Some(old) = self.current() else { return Ok(false) };
        process::delete_bytecode(&self.info, &self.hosts);
        if self.hosts.debugger_port(&self.info).is_some() {
            // The debugger connects to the same port again, so the old process must release it first.
            *self.lock() = None;
            old.finish().await;
            *self.lock() = Some(process::start_ready(&self.info, &self.hosts).await?);
            return Ok(true);
        }
        let started = process::start_ready(&self.info, &self.hosts).await;
        let new = started.as_ref().ok().cloned();
        if let Some(new) = &new {
            new.take_init_duration();
        }
        *self.lock() = new;
        old.retire();
        started.map(|_| true)
    }

    fn current(&self) -> Option<Arc<HostProcess>> {
        self.lock().as_ref().filter(|process| process.connection.is_usable()).cloned()
    }

    /// Sends no more calls to this process.
    fn abandon(&self, process: &Arc<HostProcess>) {
        let mut current = self.lock();
        if let Some(process) = current.take_if(|current| Arc::ptr_eq(current, process)) {
            process.retire();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<HostProcess>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HostPool for PythonPool {
    fn acquire(self: Arc<Self>) -> PoolFuture<AcquiredHost> {
        Box::pin(async move {
            // The semaphore is never closed.
            let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
            Ok(AcquiredHost { process: self.process().await?, _permit: permit })
        })
    }

    fn release(self: Arc<Self>, host: &AcquiredHost, end: CallEnd) {
        // On Lambda the execution environment of a timed-out invocation ends. Here other invocations may share the
        // process, so it ends after them.
        let must_abandon = match end {
            CallEnd::TimedOut | CallEnd::NotRun => true,
            CallEnd::Responded => !host.process.connection.is_usable(),
        };
        if must_abandon {
            self.abandon(&host.process);
        }
    }

    fn retire(&self) {
        if let Some(process) = self.lock().take() {
            process.retire();
        }
        process::delete_bytecode(&self.info, &self.hosts);
    }

    fn replace(self: Arc<Self>) -> PoolFuture<bool> {
        Box::pin(async move { self.replace_process().await })
    }
}
