//! One process: started, given invocations, ended.

use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use bedrock::local::{Group, Invocation, Memory, Reaper};
use bytes::Bytes;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use super::function::Program;
use super::invocation_slot::{InitState, InvocationSlot, PendingInvocation, RuntimeReply};
use super::log_pipe::{LogPipe, LogSink};
use super::report::ResourceUsage;
use super::runtime_api::RuntimeApi;
use crate::policy::memory_limit;

/// What came of an invocation.
#[derive(Debug)]
pub(super) enum InvocationOutcome {
    Reply(RuntimeReply),
    /// Its time was up, which was so long. The process is ended.
    TimedOut(Duration),
    /// It had so many megabytes, which are too many. The process is ended.
    OverMemory(u64),
    /// The process ended before it got it.
    NotBegun,
}

/// A running process.
#[derive(Debug)]
pub(super) struct Environment {
    mailbox: Arc<InvocationSlot>,
    lines: LogPipe,
    /// Its process group; nothing once it was ended, for the number may be a stranger's then.
    group: Mutex<Option<Group>>,
    memory: Memory,
    reaper: Arc<Reaper>,
}

impl Environment {
    /// Starts a process. It is not ready before it asks for an invocation.
    pub(super) fn start(
        program: &Program,
        api: &RuntimeApi,
        reaper: &Arc<Reaper>,
        sink: &LogSink,
    ) -> io::Result<Arc<Self>> {
        let mailbox = Arc::new(InvocationSlot::new());
        let (key, value) = api.add(&mailbox, &program.function.arn);
        let started = spawn(program, &value).and_then(|(child, pipe)| {
            let lines = LogPipe::read(pipe, program.function.worker.as_str().into(), &mailbox, sink)?;
            let group = child.id().ok_or_else(|| io::Error::other("it ended at once"))?;
            reaper.watch(group);
            let (mailbox, reaper) = (Arc::clone(&mailbox), Arc::clone(reaper));
            Ok((
                child,
                Arc::new(Self { mailbox, lines, group: Mutex::new(Some(group)), memory: Memory::of(group), reaper }),
            ))
        });
        match started {
            Ok((child, environment)) => {
                let mailbox = Arc::clone(&environment.mailbox);
                // The process ends with the last who has the environment; this task must not be that.
                tokio::spawn(follow(child, Arc::downgrade(&environment), mailbox, api.clone(), key));
                Ok(environment)
            }
            Err(error) => {
                api.remove(&key);
                Err(error)
            }
        }
    }

    /// Waits until it has asked for an invocation, or is over.
    pub(super) async fn ready(&self, bound: Duration) -> InitState {
        let mut stage = self.mailbox.stage.subscribe();
        let changed = stage.wait_for(|stage| *stage != InitState::Starting);
        match tokio::time::timeout(bound, changed).await {
            Ok(Ok(stage)) => stage.clone(),
            Ok(Err(_)) | Err(_) => InitState::Starting,
        }
    }

    /// Whether it can be given an invocation.
    pub(super) fn is_usable(&self) -> bool {
        !self.mailbox.is_over()
    }

    /// Gives it an invocation and waits for what comes of it. A process that has more than `most` megabytes is ended.
    pub(super) async fn run(
        &self,
        (request_id, invocation): (&Arc<str>, Invocation),
        time: Duration,
        most: Option<u64>,
    ) -> (InvocationOutcome, ResourceUsage) {
        let ((begun, has_begun), (answer, answered)) = (oneshot::channel(), oneshot::channel());
        // Who is held to a number, or asks for it by name, gets the exact one.
        let is_exact = most.is_some() || invocation.tail.is_some();
        // One that has answered and does not ask for more is none to wait for.
        let request_id = Arc::clone(request_id);
        let put = self.mailbox.put(PendingInvocation { request_id, invocation, time, begun, answer });
        if !tokio::time::timeout(time, put).await.unwrap_or(false) {
            self.kill();
            return (InvocationOutcome::NotBegun, ResourceUsage::default());
        }
        // What is over does not ask any more. Dropping the other end keeps the invocation from being begun after all.
        let mut up = pin!(tokio::time::sleep(time));
        let begun = tokio::select! {
            biased;
            begun = has_begun => begun.ok(),
            () = self.mailbox.over() => None,
            () = &mut up => None,
        };
        let Some(deadline) = begun else {
            self.kill();
            return (InvocationOutcome::NotBegun, ResourceUsage::default());
        };
        let since = Instant::now();
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        up.as_mut().reset(tokio::time::Instant::now() + left);
        let ran = tokio::select! {
            biased;
            answered = answered => InvocationOutcome::Reply(
                answered.unwrap_or_else(|_| RuntimeReply::Ended("Runtime exited without providing a reason".to_owned())),
            ),
            () = up => InvocationOutcome::TimedOut(left),
            used = self.over_memory(most) => InvocationOutcome::OverMemory(used),
        };
        let spent =
            ResourceUsage { took: since.elapsed(), memory: self.process().and_then(|_| self.memory.most(is_exact)) };
        // It may have had too much between two looks.
        let ran = match (ran, most.zip(spent.memory)) {
            (InvocationOutcome::Reply(_), Some((most, used))) if used > most => InvocationOutcome::OverMemory(used),
            (ran, _) => ran,
        };
        if matches!(ran, InvocationOutcome::TimedOut(_) | InvocationOutcome::OverMemory(_)) {
            self.kill();
        }
        self.lines.settle().await;
        (ran, spent)
    }

    async fn over_memory(&self, most: Option<u64>) -> u64 {
        match self.process().zip(most) {
            Some((process, most)) => memory_limit::over(process, most).await,
            None => std::future::pending().await,
        }
    }

    /// Its number, as long as that is its own.
    pub(super) fn process(&self) -> Option<u32> {
        *self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it now, with everything it started.
    pub(super) fn kill(&self) {
        let group = self.group.lock().unwrap_or_else(PoisonError::into_inner).take();
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

/// Waits for the end of a process and tells it to whoever waits for an answer.
async fn follow(
    mut child: Child,
    environment: Weak<Environment>,
    mailbox: Arc<InvocationSlot>,
    api: RuntimeApi,
    key: String,
) {
    let status = child.wait().await;
    api.remove(&key);
    // What it started goes with it.
    if let Some(environment) = environment.upgrade() {
        environment.kill();
    }
    mailbox.end(&status.map_or_else(|error| error.to_string(), describe));
}

fn spawn(program: &Program, api: &str) -> io::Result<(Child, io::PipeReader)> {
    let (pipe, theirs) = io::pipe()?;
    let mut command = Command::new(&program.path);
    command.current_dir(&program.folder).process_group(0);
    command.stdin(Stdio::null()).stdout(theirs.try_clone()?).stderr(theirs);
    for (name, value) in &program.variables {
        command.env(name, value);
    }
    let function = &program.function;
    let memory = function.memory.to_string();
    for (name, value) in [
        ("AWS_LAMBDA_RUNTIME_API", api),
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
    command.env("LAMBDA_TASK_ROOT", &program.folder).env_remove("AWS_PROFILE");
    // The command, which has the other end of the pipe, goes; so the end of the process is the end of the pipe.
    Ok((command.spawn()?, pipe))
}

/// In Lambda's words.
fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(0) | None, None) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(6)) => "Runtime exited with error: signal: aborted".to_owned(),
        (None, Some(9)) => "Runtime exited with error: signal: killed".to_owned(),
        (None, Some(signal)) => format!("Runtime exited with error: signal: {signal}"),
    }
}

/// What a runtime's error says, JSON; any part may be missing.
pub(super) fn error_of(json: &Bytes) -> (String, String, Vec<String>) {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Written {
        #[serde(default)]
        error_type: String,
        #[serde(default)]
        error_message: String,
        #[serde(default, alias = "trace")]
        stack_trace: Vec<String>,
    }
    match serde_json::from_slice::<Written>(json) {
        Ok(written) => (written.error_type, written.error_message, written.stack_trace),
        Err(_) => ("Unknown".to_owned(), String::from_utf8_lossy(json).into_owned(), Vec::new()),
    }
}
