//! A function: a pool of environments that grows with the number of simultaneous invocations, and a program that can be
//! replaced while invocations run.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, MutexGuard, Weak};
use std::time::{Duration, Instant};

use bedrock_local::{Reaper, SpawnOnDrop};
use bedrock_model::function_error::timeout_text;
use bedrock_model::{Error, Invocation, Metrics};
use bytes::Bytes;
use tokio::sync::Semaphore;

use super::concurrency_limiter::ConcurrencyLimiter;
use super::environment::{Environment, InvocationOutcome};
use super::function_error::{FunctionError, KILLED};
use super::invocation_slot::{InitState, RuntimeReply};
use super::log_line::{LogLine, LogSink};
use super::program::Program;
use super::report::{self, FailureStatus, ResourceUsage};
use super::runtime_api::RuntimeApi;
use crate::backend::ENDPOINT;
use crate::debug::TIMEOUT_SECONDS;
use crate::sync::Mutex;

/// Environments of one function; further invocations wait.
const MAX_ENVIRONMENTS: usize = 64;
/// How long a process may take until it polls for its first invocation (Lambda: 10 s for the init phase).
const INIT_TIMEOUT: Duration = Duration::from_secs(10);
/// Number of consecutive environments that may exit before they receive the invocation.
const MAX_STARTS: u32 = 3;
/// How long an environment may be idle before it is stopped. The last one is not stopped, so that the next call need not
/// wait for a start.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Delay between attempts to start a busy executable. A newly written executable cannot be started while another
/// process has it open for writing: one that was forked in the meantime, and is about to execute another program.
const BUSY_RETRY_DELAY: Duration = Duration::from_millis(5);
const MAX_BUSY_RETRIES: u32 = 200;

/// A function whose environments are local processes.
pub struct Function {
    worker: Arc<str>,
    api: RuntimeApi,
    reaper: Arc<Reaper>,
    log_sink: LogSink,
    pool: Mutex<Pool>,
    /// One permit for each environment that may run.
    environment_permits: Semaphore,
    max_environments: usize,
    concurrency_limiter: ConcurrencyLimiter,
    init_timeout: Duration,
    idle_timeout: Duration,
    /// For the task that stops idle environments.
    this: Weak<Self>,
}

/// The program of new environments, and the idle environments, which all run it.
struct Pool {
    program: Arc<Program>,
    /// The one that was used last is the last one.
    idle: Vec<IdleEnvironment>,
    /// Whether a task stops idle environments.
    is_stopping_idle: bool,
}

/// An environment that waits for an invocation.
struct IdleEnvironment {
    environment: Arc<Environment>,
    since: Instant,
}

impl IdleEnvironment {
    fn new(environment: Arc<Environment>) -> Self {
        Self { environment, since: Instant::now() }
    }
}

/// A program that can replace the one of a function. Dropping it kills its process.
pub struct StagedProgram {
    program: Arc<Program>,
    /// A started environment, if the function had any; or why it could not start.
    environment: Result<Option<Arc<Environment>>, Error>,
}

/// An environment that is ready for an invocation.
struct ReadyEnvironment {
    environment: Arc<Environment>,
    program: Arc<Program>,
    /// How long it took to start, if it was started now.
    init_duration: Option<Duration>,
}

/// Limits of a function.
#[derive(Clone, Copy)]
struct Limits {
    environments: usize,
    /// How long a process may take until it polls for its first invocation.
    init: Duration,
    /// How long an environment may be idle.
    idle: Duration,
}

impl Function {
    /// Creates a function. The first process is started by the first invocation; its output goes to `log_sink`.
    pub fn new(program: Program, api: RuntimeApi, reaper: Arc<Reaper>, log_sink: LogSink) -> Arc<Self> {
        let limits = Limits { environments: MAX_ENVIRONMENTS, init: INIT_TIMEOUT, idle: IDLE_TIMEOUT };
        Self::with_limits(limits, program, api, reaper, log_sink)
    }

    /// Does the same as [`Function::new`], with another time after which idle processes are stopped.
    pub fn with_idle_timeout(
        idle: Duration,
        program: Program,
        api: RuntimeApi,
        reaper: Arc<Reaper>,
        log_sink: LogSink,
    ) -> Arc<Self> {
        let limits = Limits { environments: MAX_ENVIRONMENTS, init: INIT_TIMEOUT, idle };
        Self::with_limits(limits, program, api, reaper, log_sink)
    }

    /// Creates a function for a debugger: only one process, so that the debugger sees every invocation, and practically
    /// no init timeout.
    pub fn debugged(program: Program, api: RuntimeApi, reaper: Arc<Reaper>, log_sink: LogSink) -> Arc<Self> {
        let limits = Limits { environments: 1, init: Duration::from_secs(TIMEOUT_SECONDS), idle: IDLE_TIMEOUT };
        Self::with_limits(limits, program, api, reaper, log_sink)
    }

    fn with_limits(
        limits: Limits,
        program: Program,
        api: RuntimeApi,
        reaper: Arc<Reaper>,
        log_sink: LogSink,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            worker: program.function.worker.as_str().into(),
            api,
            reaper,
            log_sink,
            pool: Mutex::new(Pool { program: Arc::new(program), idle: Vec::new(), is_stopping_idle: false }),
            environment_permits: Semaphore::new(limits.environments),
            max_environments: limits.environments,
            concurrency_limiter: ConcurrencyLimiter::new(),
            init_timeout: limits.init,
            idle_timeout: limits.idle,
            this: Weak::clone(this),
        })
    }

    /// Starts a process before the first invocation, unless one is running.
    pub async fn warm(&self) -> Result<(), Error> {
        let _permit = self.environment_permits.acquire().await;
        let ReadyEnvironment { environment, program, .. } = self.acquire().await?;
        self.release(environment, &program);
        Ok(())
    }

    /// Returns the process id and the executable of an idle environment.
    pub fn process(&self) -> Option<(u32, PathBuf)> {
        let pool = self.pool();
        let id = pool.idle.iter().find_map(|idle| idle.environment.process())?;
        Some((id, pool.program.path.clone()))
    }

    /// Runs one invocation. It runs to its end even if the caller drops the future.
    pub async fn invoke(self: &Arc<Self>, invocation: Invocation) -> Result<Bytes, Error> {
        let function = Arc::clone(self);
        SpawnOnDrop::new(async move { function.run(invocation).await }).await
    }

    /// Prepares another executable for later invocations. If environments are running, one of the new executable is
    /// started now, so that it is ready when it replaces them.
    pub async fn stage_program(&self, path: PathBuf) -> StagedProgram {
        let program = Arc::new(Program { path, ..Program::clone(&self.pool().program) });
        let is_running =
            !self.pool().idle.is_empty() || self.environment_permits.available_permits() < self.max_environments;
        let environment = if is_running { self.start(&program).await.map(Some) } else { Ok(None) };
        StagedProgram { program, environment }
    }

    /// Returns the same function with another executable, without any processes.
    pub fn with_program(&self, path: PathBuf) -> Arc<Self> {
        let program = Program { path, ..Program::clone(&self.pool().program) };
        Self::new(program, self.api.clone(), Arc::clone(&self.reaper), Arc::clone(&self.log_sink))
    }

    /// Runs later invocations with the staged program; running invocations finish in their old processes. If the staged
    /// program could not start, returns its error, and later invocations fail with the same error.
    pub fn swap_program(&self, staged: StagedProgram) -> Result<(), Error> {
        let StagedProgram { program, environment } = staged;
        let (new_environment, result) = match environment {
            Ok(environment) => (environment, Ok(())),
            Err(error) => (None, Err(error)),
        };
        let old_environments = {
            let mut pool = self.pool();
            pool.program = program;
            let new = new_environment.into_iter().map(IdleEnvironment::new).collect();
            std::mem::replace(&mut pool.idle, new)
        };
        for old in old_environments {
            old.environment.kill();
        }
        result
    }

    /// Returns the number of idle environments.
    pub fn idle(&self) -> usize {
        self.pool().idle.len()
    }

    /// Kills the idle environments. Busy ones are killed when the function is dropped.
    pub fn retire(&self) {
        for idle in self.pool().idle.drain(..) {
            idle.environment.kill();
        }
    }

    async fn run(&self, invocation: Invocation) -> Result<Bytes, Error> {
        let _environment_permit = self.environment_permits.acquire().await;
        let _concurrency_permit = self.concurrency_limiter.acquire().await;
        let request_id: Arc<str> = invocation.request_id.as_str().into();
        for start in 1..=MAX_STARTS {
            let ReadyEnvironment { environment, program, init_duration } = self.acquire().await?;
            let timeout = Duration::from_secs(program.function.timeout);
            let max_memory = program.enforce_memory.then_some(program.function.memory);
            if start == 1 {
                self.log(&request_id, report::start_line(&request_id));
            }
            invocation.prepare_delivery().await;
            let (outcome, usage) = environment.run(&request_id, invocation.clone(), timeout, max_memory).await;
            let has_started = !matches!(outcome, InvocationOutcome::NotStarted);
            if has_started {
                self.concurrency_limiter.record_duration(usage.duration);
            }
            invocation.metrics.record(Metrics {
                took: Some(usage.duration),
                init: init_duration,
                memory: usage.max_memory,
            });
            if has_started || start == MAX_STARTS {
                self.log_report(&request_id, &outcome, usage, init_duration);
            }
            let is_killed = matches!(outcome, InvocationOutcome::TimedOut(_) | InvocationOutcome::OutOfMemory(_));
            if environment.is_usable() && !is_killed {
                self.release(environment, &program);
            }
            match outcome {
                InvocationOutcome::Reply(reply) => return self.result_of(reply),
                InvocationOutcome::TimedOut(after) => return Err(Error::Timeout { worker: self.worker(), after }),
                InvocationOutcome::OutOfMemory(_) => {
                    return self.result_of(RuntimeReply::Exited(KILLED.to_owned()));
                }
                InvocationOutcome::NotStarted => {}
            }
        }
        let message = format!("{MAX_STARTS} processes exited before they received the invocation");
        Err(Error::Transport { worker: self.worker(), message, may_have_run: false })
    }

    /// Takes an idle environment out of the pool, or starts a new one.
    async fn acquire(&self) -> Result<ReadyEnvironment, Error> {
        let program = {
            let mut pool = self.pool();
            while let Some(IdleEnvironment { environment, .. }) = pool.idle.pop() {
                if environment.is_usable() {
                    let program = Arc::clone(&pool.program);
                    return Ok(ReadyEnvironment { environment, program, init_duration: None });
                }
            }
            Arc::clone(&pool.program)
        };
        let start = Instant::now();
        let environment = self.start(&program).await?;
        Ok(ReadyEnvironment { environment, program, init_duration: Some(start.elapsed()) })
    }

    /// Returns an environment to the pool. One whose program has been replaced is dropped.
    fn release(&self, environment: Arc<Environment>, program: &Arc<Program>) {
        let mut pool = self.pool();
        if !Arc::ptr_eq(&pool.program, program) {
            return;
        }
        pool.idle.push(IdleEnvironment::new(environment));
        if pool.idle.len() > 1 && !std::mem::replace(&mut pool.is_stopping_idle, true) {
            tokio::spawn(stop_idle_environments(Weak::clone(&self.this), self.idle_timeout));
        }
    }

    /// Stops environments that have been idle for too long, except for the last one. Returns whether there may be more
    /// later.
    fn stop_idle(&self) -> bool {
        let mut pool = self.pool();
        let removable = pool.idle.len().saturating_sub(1);
        let is_due = |idle: &IdleEnvironment| idle.since.elapsed() >= self.idle_timeout;
        let due = pool.idle.iter().take(removable).take_while(|idle| is_due(idle)).count();
        let stopped: Vec<_> = pool.idle.drain(..due).collect();
        let has_more = pool.idle.len() > 1;
        pool.is_stopping_idle = has_more;
        drop(pool);
        for idle in stopped {
            idle.environment.kill();
        }
        has_more
    }

    async fn start(&self, program: &Program) -> Result<Arc<Environment>, Error> {
        let mut retries = MAX_BUSY_RETRIES;
        let started = loop {
            let started = Environment::start(program, &self.api, &self.reaper, &self.log_sink);
            match started {
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && retries > 0 => retries -= 1,
                started => break started,
            }
            tokio::time::sleep(BUSY_RETRY_DELAY).await;
        };
        let environment = started.map_err(|error| self.start_error(program, &error))?;
        match environment.ready(self.init_timeout).await {
            InitState::Ready => Ok(environment),
            InitState::Failed(json) => Err(self.function_error(FunctionError::from_json(&json))),
            InitState::Exited(text) => Err(self.function_error(FunctionError::exited(text))),
            InitState::Starting => Err(Error::Timeout { worker: self.worker(), after: self.init_timeout }),
        }
    }

    fn start_error(&self, program: &Program, error: &std::io::Error) -> Error {
        let (message, help) = if error.kind() == ErrorKind::NotFound && !program.path.exists() {
            let help = "fix the compile errors, or restart `cargo bedrock dev` if you ran `cargo clean`";
            (
                "its executable does not exist: the worker does not compile, or the file was deleted".to_owned(),
                Some(help),
            )
        } else {
            (format!("failed to start `{}`: {error}", program.path.display()), None)
        };
        Error::NotStarted { worker: self.worker(), message, help: help.map(str::to_owned) }
    }

    /// Logs the last lines of an invocation: an error if there is one, END and REPORT.
    fn log_report(
        &self,
        request_id: &Arc<str>,
        outcome: &InvocationOutcome,
        usage: ResourceUsage,
        init_duration: Option<Duration>,
    ) {
        let memory_size = self.pool().program.function.memory;
        let failure = match outcome {
            InvocationOutcome::Reply(RuntimeReply::Exited(_)) | InvocationOutcome::NotStarted => {
                Some(FailureStatus::Exited)
            }
            InvocationOutcome::TimedOut(after) => {
                let worker = &self.worker;
                let text = timeout_text(after.as_secs_f64());
                self.log(request_id, format!("error: `{worker}` was ended: {text}"));
                self.log(request_id, format!("help: set `timeout` of {} to a larger number", settings_table(worker)));
                Some(FailureStatus::TimedOut)
            }
            InvocationOutcome::OutOfMemory(used) => {
                let worker = &self.worker;
                let message = format!("error: `{worker}` uses {used} MB of memory, {memory_size} MB are allowed");
                self.log(request_id, message);
                self.log(request_id, format!("help: set `memory` of {} to a larger number", settings_table(worker)));
                Some(FailureStatus::OutOfMemory)
            }
            InvocationOutcome::Reply(_) => None,
        };
        for line in report::end_lines(request_id, usage, init_duration, memory_size, failure) {
            self.log(request_id, line);
        }
    }

    fn log(&self, request_id: &Arc<str>, text: String) {
        (self.log_sink)(LogLine { worker: Arc::clone(&self.worker), request_id: Some(Arc::clone(request_id)), text });
    }

    fn result_of(&self, reply: RuntimeReply) -> Result<Bytes, Error> {
        let error = match reply {
            RuntimeReply::Response(response) => return Ok(response),
            RuntimeReply::Error(json) => FunctionError::from_json(&json),
            RuntimeReply::Exited(text) => FunctionError::exited(text),
            RuntimeReply::TooLarge { bytes, limit } => {
                let message = format!(
                    "Response payload size ({bytes} bytes) exceeded maximum allowed payload size \
                     ({limit} bytes)."
                );
                FunctionError::new("Function.ResponseSizeTooLarge", message)
            }
        };
        Err(self.function_error(error))
    }

    fn function_error(&self, error: FunctionError) -> Error {
        let FunctionError { error_type, message, stack_trace } = error;
        Error::Function { worker: self.worker(), error_type, message, trace: stack_trace }
    }

    fn worker(&self) -> String {
        self.worker.to_string()
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock()
    }
}

/// Stops idle environments until a function has only one, or is dropped.
async fn stop_idle_environments(function: Weak<Function>, idle_timeout: Duration) {
    loop {
        tokio::time::sleep(idle_timeout / 2).await;
        if !function.upgrade().is_some_and(|function| function.stop_idle()) {
            return;
        }
    }
}
/// Returns where the settings of a function are.
fn settings_table(function: &str) -> String {
    let table = if function == ENDPOINT { "endpoint".to_owned() } else { format!("workers.{function}") };
    format!("`[package.metadata.bedrock.{table}]` in `Cargo.toml`")
}
