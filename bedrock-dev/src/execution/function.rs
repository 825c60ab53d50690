//! One function: its environments, as many as there are invocations at the same time, and its program, which can be
//! replaced meanwhile.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bedrock::Error;
use bedrock::local::service::FunctionInfo;
use bedrock::local::{Invocation, Measures, Reaper};
use bytes::Bytes;
use tokio::sync::Semaphore;

use super::concurrency_limiter::ConcurrencyLimiter;
use super::environment::{Environment, InvocationOutcome, error_of};
use super::invocation_slot::{InitState, RuntimeReply};
use super::log_pipe::{LogLine, LogSink};
use super::report::{self, FailureStatus, ResourceUsage};
use super::runtime_api::{RESPONSE, RuntimeApi};
use crate::debug::TIMEOUT;
use crate::spawn_on_drop::SpawnOnDrop;

/// Environments of one function; further invocations wait.
const MOST: usize = 64;
/// How long a process may take before it asks for its first invocation (Lambda: 10 s of init).
const INIT: Duration = Duration::from_secs(10);
/// Processes that may end, one after the other, before they have got an invocation.
const STARTS: u32 = 3;
/// An executable that was just written cannot be started as long as another process, which this program is about to
/// become, has it open for writing: it was forked meanwhile. Looked at again after so long, so often.
const BUSY: Duration = Duration::from_millis(5);
const BUSY_TRIES: u32 = 200;
/// What Lambda says of a process that it ended because of its memory.
const KILLED: &str = "Runtime exited with error: signal: killed";

/// What a function's environments are made of.
#[derive(Debug, Clone)]
pub struct Program {
    /// The executable.
    pub path: PathBuf,
    /// Where it is started.
    pub folder: PathBuf,
    /// Besides those that Lambda sets, and those of this program.
    pub variables: Vec<(String, String)>,
    /// What its context says.
    pub function: FunctionInfo,
    /// Whether a process is ended that has more memory than the function's setting says.
    pub is_capped: bool,
}

/// A function whose environments are processes of this machine.
pub struct Function {
    worker: Arc<str>,
    api: RuntimeApi,
    reaper: Arc<Reaper>,
    sink: LogSink,
    pool: Mutex<Pool>,
    room: Semaphore,
    most: usize,
    turns: ConcurrencyLimiter,
    /// How long a process may take before it asks for its first invocation.
    init: Duration,
}

/// The program of new environments, and those that wait, which run it, too.
struct Pool {
    program: Arc<Program>,
    idle: Vec<Arc<Environment>>,
}

/// An executable that can take over from the one of a function. Its process ends with it if it does not.
pub struct StagedProgram {
    program: Arc<Program>,
    started: Result<Option<Arc<Environment>>, Error>,
}

impl Function {
    /// Starts nothing before it is called. What its processes print goes to `sink`.
    pub fn new(program: Program, api: RuntimeApi, reaper: Arc<Reaper>, sink: LogSink) -> Arc<Self> {
        Self::with((MOST, INIT), program, (api, reaper, sink))
    }

    /// The same for a debugger: one process, so that it sees every call, with as much time as it wants.
    pub fn debugged(program: Program, api: RuntimeApi, reaper: Arc<Reaper>, sink: LogSink) -> Arc<Self> {
        Self::with((1, Duration::from_secs(TIMEOUT)), program, (api, reaper, sink))
    }

    fn with(
        (most, init): (usize, Duration),
        program: Program,
        (api, reaper, sink): (RuntimeApi, Arc<Reaper>, LogSink),
    ) -> Arc<Self> {
        let worker = program.function.worker.as_str().into();
        let pool = Mutex::new(Pool { program: Arc::new(program), idle: Vec::new() });
        let (room, turns) = (Semaphore::new(most), ConcurrencyLimiter::new());
        Arc::new(Self { worker, api, reaper, sink, pool, room, most, turns, init })
    }

    /// Starts a process before anybody calls, unless there is one.
    pub async fn warm(&self) -> Result<(), Error> {
        let _room = self.room.acquire().await;
        let (environment, program, _) = self.environment().await?;
        self.give_back(environment, &program);
        Ok(())
    }

    /// The number and the program of a process that waits for an invocation.
    pub fn process(&self) -> Option<(u32, PathBuf)> {
        let pool = self.pool();
        let id = pool.idle.iter().find_map(|environment| environment.process())?;
        Some((id, pool.program.path.clone()))
    }

    /// Runs one invocation, to its end also when whoever called goes away.
    pub async fn invoke(self: &Arc<Self>, invocation: Invocation) -> Result<Bytes, Error> {
        let function = Arc::clone(self);
        SpawnOnDrop::new(async move { function.run(invocation).await }).await
    }

    /// Another executable for later invocations. If processes run, one of it is started now, so that it is ready when the old
    /// ones serve no longer.
    pub async fn successor(&self, path: PathBuf) -> StagedProgram {
        let program = Arc::new(Program { path, ..Program::clone(&self.pool().program) });
        let runs = !self.pool().idle.is_empty() || self.room.available_permits() < self.most;
        let started = if runs { self.start(&program).await.map(Some) } else { Ok(None) };
        StagedProgram { program, started }
    }

    /// Has later invocations run by a successor; processes that have an invocation finish it. If it cannot start, its
    /// error comes back, and later invocations get the same.
    pub fn succeeded(&self, by: StagedProgram) -> Result<(), Error> {
        let StagedProgram { program, started } = by;
        let (new, result) = match started {
            Ok(new) => (new, Ok(())),
            Err(error) => (None, Err(error)),
        };
        let old = {
            let mut pool = self.pool();
            pool.program = program;
            std::mem::replace(&mut pool.idle, new.into_iter().collect())
        };
        for environment in old {
            environment.kill();
        }
        result
    }

    /// Processes that wait for an invocation.
    pub fn idle(&self) -> usize {
        self.pool().idle.len()
    }

    /// Ends the processes that wait for an invocation. Those that have one end with the function, once it is dropped.
    pub fn retire(&self) {
        for environment in self.pool().idle.drain(..) {
            environment.kill();
        }
    }

    async fn run(&self, invocation: Invocation) -> Result<Bytes, Error> {
        let _room = self.room.acquire().await;
        let _turn = self.turns.take().await;
        let request_id: Arc<str> = invocation.request_id.as_str().into();
        for start in 0..STARTS {
            let (environment, program, init) = self.environment().await?;
            let time = Duration::from_secs(program.function.timeout);
            let most = program.is_capped.then_some(program.function.memory);
            if start == 0 {
                self.say(&request_id, report::start(&request_id));
            }
            let (ran, spent) = environment.run((&request_id, invocation.clone()), time, most).await;
            if !matches!(ran, InvocationOutcome::NotBegun) {
                self.turns.note(spent.took);
            }
            let took = Some(spent.took);
            invocation.measured.note(Measures { took, init, memory: spent.memory });
            if start + 1 == STARTS || !matches!(ran, InvocationOutcome::NotBegun) {
                self.report(&request_id, &ran, spent, init);
            }
            if environment.is_usable()
                && !matches!(ran, InvocationOutcome::TimedOut(_) | InvocationOutcome::OverMemory(_))
            {
                self.give_back(environment, &program);
            }
            match ran {
                InvocationOutcome::Reply(said) => return self.answer(said),
                InvocationOutcome::TimedOut(after) => return Err(Error::Timeout { worker: self.worker(), after }),
                InvocationOutcome::OverMemory(_) => return self.answer(RuntimeReply::Ended(KILLED.to_owned())),
                InvocationOutcome::NotBegun => {}
            }
        }
        let message = format!("{STARTS} processes ended before they got it");
        Err(Error::Transport { worker: self.worker(), message, may_have_run: false })
    }

    /// A process that waits, or a new one that is ready, with how long its start took; and its program.
    async fn environment(&self) -> Result<(Arc<Environment>, Arc<Program>, Option<Duration>), Error> {
        let program = {
            let mut pool = self.pool();
            while let Some(environment) = pool.idle.pop() {
                if environment.is_usable() {
                    return Ok((environment, Arc::clone(&pool.program), None));
                }
            }
            Arc::clone(&pool.program)
        };
        let began = Instant::now();
        let environment = self.start(&program).await?;
        Ok((environment, program, Some(began.elapsed())))
    }

    /// Has a process wait for its next invocation; one of a program that was replaced ends.
    fn give_back(&self, environment: Arc<Environment>, program: &Arc<Program>) {
        let mut pool = self.pool();
        if Arc::ptr_eq(&pool.program, program) {
            pool.idle.push(environment);
        }
    }

    async fn start(&self, program: &Program) -> Result<Arc<Environment>, Error> {
        let mut tries = BUSY_TRIES;
        let started = loop {
            let started = Environment::start(program, &self.api, &self.reaper, &self.sink);
            match started {
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && tries > 0 => tries -= 1,
                started => break started,
            }
            tokio::time::sleep(BUSY).await;
        };
        let environment = started.map_err(|error| self.not_started(program, &error))?;
        match environment.ready(self.init).await {
            InitState::Ready => Ok(environment),
            InitState::Failed(json) => Err(self.failed(error_of(&json))),
            InitState::Ended(how) => Err(self.failed(("Runtime.ExitError".to_owned(), how, Vec::new()))),
            InitState::Starting => Err(Error::Timeout { worker: self.worker(), after: self.init }),
        }
    }

    fn not_started(&self, program: &Program, error: &std::io::Error) -> Error {
        let (message, help) = if error.kind() == ErrorKind::NotFound && !program.path.exists() {
            let help = "mend what cargo says, or start `cargo bedrock dev` again if `cargo clean` was run beside it";
            ("its program is not there: it does not compile, or was removed".to_owned(), Some(help.to_owned()))
        } else {
            (format!("failed to start `{}`: {error}", program.path.display()), None)
        };
        Error::NotStarted { worker: self.worker(), message, help }
    }

    /// Says what an invocation came to and what it took.
    fn report(&self, request_id: &Arc<str>, ran: &InvocationOutcome, spent: ResourceUsage, init: Option<Duration>) {
        let size = self.pool().program.function.memory;
        let broken = match ran {
            InvocationOutcome::Reply(RuntimeReply::Ended(_)) | InvocationOutcome::NotBegun => {
                Some(FailureStatus::Ended)
            }
            InvocationOutcome::TimedOut(_) => Some(FailureStatus::TimedOut),
            InvocationOutcome::OverMemory(used) => {
                let worker = self.worker();
                self.say(request_id, format!("error: `{worker}` has {used} MB of memory, {size} MB are allowed"));
                let table = format!("`[package.metadata.bedrock.workers.{worker}]` in `Cargo.toml`");
                self.say(request_id, format!("help: set `memory` of {table} to a larger number"));
                Some(FailureStatus::OutOfMemory)
            }
            InvocationOutcome::Reply(_) => None,
        };
        for line in report::end(request_id, spent, init, size, broken) {
            self.say(request_id, line);
        }
    }

    fn say(&self, request_id: &Arc<str>, text: String) {
        (self.sink)(LogLine { worker: Arc::clone(&self.worker), request_id: Some(Arc::clone(request_id)), text });
    }

    fn answer(&self, said: RuntimeReply) -> Result<Bytes, Error> {
        Err(match said {
            RuntimeReply::Response(response) => return Ok(response),
            RuntimeReply::Error(json) => self.failed(error_of(&json)),
            RuntimeReply::Ended(how) => self.failed(("Runtime.ExitError".to_owned(), how, Vec::new())),
            RuntimeReply::TooLarge(bytes) => {
                let message = format!(
                    "Response payload size ({bytes} bytes) exceeded maximum allowed payload size ({RESPONSE} bytes)."
                );
                self.failed(("Function.ResponseSizeTooLarge".to_owned(), message, Vec::new()))
            }
        })
    }

    fn failed(&self, (error_type, message, trace): (String, String, Vec<String>)) -> Error {
        Error::Function { worker: self.worker(), error_type, message, trace }
    }

    fn worker(&self) -> String {
        self.worker.to_string()
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        // Nothing panics while the lock is held, and the data would be sound if it did.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
