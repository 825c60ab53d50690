//! An execution environment: one process that is started, runs invocations one after the other, and is killed.

use std::io;
use std::pin::pin;
use std::process::Stdio;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime};

use bedrock_local::{Group, ProcessMemory, REMOVED_VARIABLES, Reaper};
use bedrock_model::Invocation;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use super::function_error::{EXITED_WITHOUT_REASON, exit_status_text};
use super::invocation_slot::{InitState, InvocationSlot, PendingInvocation, RuntimeReply};
use super::log_line::LogSink;
use super::log_pipe::LogPipe;
use super::memory_limit::memory_limit_exceeded;
use super::program::Program;
use super::report::ResourceUsage;
use super::runtime_api::RuntimeApi;
use crate::sync::Mutex;

/// How an invocation ended.
#[derive(Debug)]
pub(super) enum InvocationOutcome {
    Reply(RuntimeReply),
    /// It timed out after the given duration, and the process has been killed.
    TimedOut(Duration),
    /// The process had this many megabytes, which exceeds the limit, and has been killed.
    OutOfMemory(u64),
    /// The process exited before it received the invocation.
    NotStarted,
}

/// A running process.
#[derive(Debug)]
pub(super) struct Environment {
    slot: Arc<InvocationSlot>,
    log_pipe: LogPipe,
    /// The process group. `None` once it has been killed: its number may then belong to another process.
    group: Mutex<Option<Group>>,
    memory: ProcessMemory,
    reaper: Arc<Reaper>,
}

impl Environment {
    /// Starts a process. It is ready when it polls for an invocation.
    pub(super) fn start(
        program: &Program,
        api: &RuntimeApi,
        reaper: &Arc<Reaper>,
        log_sink: &LogSink,
    ) -> io::Result<Arc<Self>> {
        let slot = Arc::new(InvocationSlot::new());
        let (key, api_url) = api.register(&slot, &program.function.arn);
        let started = spawn_process(program, &api_url).and_then(|(child, pipe)| {
            let log_pipe = LogPipe::start(pipe, program.function.worker.as_str().into(), &slot, log_sink)?;
            let group = child.id().ok_or_else(|| io::Error::other("the process exited immediately"))?;
            reaper.watch(group);
            let environment = Self {
                slot: Arc::clone(&slot),
                log_pipe,
                group: Mutex::new(Some(group)),
                memory: ProcessMemory::of(group),
                reaper: Arc::clone(reaper),
            };
            Ok((child, Arc::new(environment)))
        });
        match started {
            Ok((child, environment)) => {
                // Dropping the environment kills the process, so this task must not keep it alive.
                tokio::spawn(wait_for_exit(child, Arc::downgrade(&environment), slot, api.clone(), key));
                Ok(environment)
            }
            Err(error) => {
                api.unregister(&key);
                Err(error)
            }
        }
    }

    /// Waits until the process polls for an invocation or has failed. Returns [`InitState::Starting`] on timeout.
    pub(super) async fn ready(&self, timeout: Duration) -> InitState {
        let mut init_state = self.slot.init_state.subscribe();
        let changed = init_state.wait_for(|state| *state != InitState::Starting);
        match tokio::time::timeout(timeout, changed).await {
            Ok(Ok(state)) => state.clone(),
            Ok(Err(_)) | Err(_) => InitState::Starting,
        }
    }

    /// Returns whether the process can receive another invocation.
    pub(super) fn is_usable(&self) -> bool {
        !self.slot.is_closed()
    }

    /// Passes an invocation to the process and waits for its end. The process is killed if it times out, or exceeds
    /// `max_memory` megabytes.
    pub(super) async fn run(
        &self,
        request_id: &Arc<str>,
        invocation: Invocation,
        timeout: Duration,
        max_memory: Option<u64>,
    ) -> (InvocationOutcome, ResourceUsage) {
        let (started, has_started) = oneshot::channel();
        let (reply, replied) = oneshot::channel();
        // Reading the exact size is expensive, and only needed to enforce a limit and for callers that ask for it.
        let is_memory_exact = max_memory.is_some() || invocation.tail.is_some();
        let pending = PendingInvocation { request_id: Arc::clone(request_id), invocation, timeout, started, reply };
        // The slot stays occupied if the process has replied but does not poll again.
        let offered = tokio::time::timeout(timeout, self.slot.offer(pending)).await.unwrap_or(false);
        if !offered {
            self.kill();
            return (InvocationOutcome::NotStarted, ResourceUsage::default());
        }
        let mut timer = pin!(tokio::time::sleep(timeout));
        let deadline = tokio::select! {
            biased;
            deadline = has_started => deadline.ok(),
            () = self.slot.closed() => None,
            () = &mut timer => None,
        };
        // Without a deadline, `has_started` is dropped, so the process cannot receive the invocation later either.
        let Some(deadline) = deadline else {
            self.kill();
            return (InvocationOutcome::NotStarted, ResourceUsage::default());
        };
        let start = Instant::now();
        let remaining = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        timer.as_mut().reset(tokio::time::Instant::now() + remaining);
        let outcome = tokio::select! {
            biased;
            reply = replied => InvocationOutcome::Reply(
                reply.unwrap_or_else(|_| RuntimeReply::Exited(EXITED_WITHOUT_REASON.to_owned())),
            ),
            () = timer => InvocationOutcome::TimedOut(remaining),
            used = self.memory_limit_exceeded(max_memory) => InvocationOutcome::OutOfMemory(used),
        };
        let used_memory = self.process().and_then(|_| self.memory.peak(is_memory_exact));
        let usage = ResourceUsage { duration: start.elapsed(), max_memory: used_memory };
        // The process may have exceeded the limit between two polls.
        let outcome = match (outcome, max_memory.zip(used_memory)) {
            (InvocationOutcome::Reply(_), Some((limit, used))) if used > limit => InvocationOutcome::OutOfMemory(used),
            (outcome, _) => outcome,
        };
        if matches!(outcome, InvocationOutcome::TimedOut(_) | InvocationOutcome::OutOfMemory(_)) {
            self.kill();
        }
        self.log_pipe.drain().await;
        (outcome, usage)
    }

    async fn memory_limit_exceeded(&self, max_memory: Option<u64>) -> u64 {
        match self.process().zip(max_memory) {
            Some((process, limit)) => memory_limit_exceeded(process, limit).await,
            None => std::future::pending().await,
        }
    }

    /// Returns the process id. `None` once the process has been killed.
    pub(super) fn process(&self) -> Option<u32> {
        *self.group.lock()
    }

    /// Kills the process and everything it started.
    pub(super) fn kill(&self) {
        let group = self.group.lock().take();
        if let Some(group) = group {
            self.reaper.end(group);
        }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits for the exit of a process and closes its slot.
async fn wait_for_exit(
    mut child: Child,
    environment: Weak<Environment>,
    slot: Arc<InvocationSlot>,
    api: RuntimeApi,
    key: String,
) {
    let status = child.wait().await;
    api.unregister(&key);
    // Kills the processes that it started, too.
    if let Some(environment) = environment.upgrade() {
        environment.kill();
    }
    slot.close(&status.map_or_else(|error| error.to_string(), exit_status_text));
}

fn spawn_process(program: &Program, api_url: &str) -> io::Result<(Child, io::PipeReader)> {
    let (pipe_reader, pipe_writer) = io::pipe()?;
    let mut command = Command::new(&program.path);
    command.current_dir(&program.folder).process_group(0);
    command.stdin(Stdio::null()).stdout(pipe_writer.try_clone()?).stderr(pipe_writer);
    for name in REMOVED_VARIABLES {
        command.env_remove(name);
    }
    for (name, value) in &program.variables {
        command.env(name, value);
    }
    let function = &program.function;
    let memory = function.memory.to_string();
    for (name, value) in [
        ("AWS_LAMBDA_RUNTIME_API", api_url),
        ("AWS_LAMBDA_FUNCTION_NAME", &function.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &function.log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local/[$LATEST]0"),
        ("_HANDLER", &function.handler),
    ] {
        command.env(name, value);
    }
    command.env("LAMBDA_TASK_ROOT", &program.folder);
    // The command owns the writing end of the pipe and is dropped here, so that the pipe ends when the process exits.
    Ok((command.spawn()?, pipe_reader))
}
