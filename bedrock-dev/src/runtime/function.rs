//! One function: its environments, as many as there are invocations at the same time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bedrock::Error;
use bedrock::local::service::FunctionInfo;
use bedrock::local::{Invocation, Reaper};
use bytes::Bytes;
use tokio::sync::Semaphore;

use super::environment::{Environment, Ran, error_of};
use super::lines::Sink;
use super::mailbox::{Said, Stage};
use super::server::{RESPONSE, RuntimeApi};

/// Environments of one function; further invocations wait.
const MOST: usize = 64;
/// How long a process may take before it asks for its first invocation (Lambda: 10 s of init).
const INIT: Duration = Duration::from_secs(10);
/// Processes that may end, one after the other, before they have got an invocation.
const STARTS: u32 = 3;

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
}

/// A function whose environments are processes of this machine.
pub struct Function {
    program: Program,
    api: RuntimeApi,
    reaper: Arc<Reaper>,
    sink: Sink,
    idle: Mutex<Vec<Arc<Environment>>>,
    room: Semaphore,
}

impl Function {
    /// Starts nothing before it is called. What its processes print goes to `sink`.
    pub fn new(program: Program, api: RuntimeApi, reaper: Arc<Reaper>, sink: Sink) -> Arc<Self> {
        Arc::new(Self { program, api, reaper, sink, idle: Mutex::default(), room: Semaphore::new(MOST) })
    }

    /// Runs one invocation, to its end also when whoever called goes away.
    pub async fn invoke(self: &Arc<Self>, invocation: Invocation) -> Result<Bytes, Error> {
        let function = Arc::clone(self);
        let task = tokio::spawn(async move { function.run(invocation).await });
        task.await.unwrap_or_else(|_| Err(self.lost("the program is stopping", true)))
    }

    /// Processes that wait for an invocation.
    pub fn idle(&self) -> usize {
        self.waiting().len()
    }

    /// Ends the processes that wait for an invocation. Those that have one end with the function, once it is dropped.
    pub fn retire(&self) {
        for environment in self.waiting().drain(..) {
            environment.kill();
        }
    }

    async fn run(&self, invocation: Invocation) -> Result<Bytes, Error> {
        let _room = self.room.acquire().await;
        let time = Duration::from_secs(self.program.function.timeout);
        for _ in 0..STARTS {
            let environment = self.environment().await?;
            let ran = environment.run(invocation.clone(), time).await;
            if environment.is_usable() && !matches!(ran, Ran::TimedOut(_)) {
                self.waiting().push(environment);
            }
            match ran {
                Ran::Said(said) => return self.answer(said),
                Ran::TimedOut(after) => return Err(Error::Timeout { worker: self.worker(), after }),
                Ran::NotBegun => {}
            }
        }
        Err(self.lost(&format!("{STARTS} processes ended before they got it"), false))
    }

    /// A process that waits, or a new one that is ready.
    async fn environment(&self) -> Result<Arc<Environment>, Error> {
        while let Some(environment) = { self.waiting().pop() } {
            if environment.is_usable() {
                return Ok(environment);
            }
        }
        let started = Environment::start(&self.program, &self.api, &self.reaper, &self.sink);
        let environment = started.map_err(|error| Error::NotStarted {
            worker: self.worker(),
            message: format!("failed to start `{}`: {error}", self.program.path.display()),
            help: None,
        })?;
        match environment.ready(INIT).await {
            Stage::Ready => Ok(environment),
            Stage::Failed(json) => Err(self.failed(error_of(&json))),
            Stage::Ended(how) => Err(self.failed(("Runtime.ExitError".to_owned(), how, Vec::new()))),
            Stage::Starting => Err(Error::Timeout { worker: self.worker(), after: INIT }),
        }
    }

    fn answer(&self, said: Said) -> Result<Bytes, Error> {
        Err(match said {
            Said::Response(response) => return Ok(response),
            Said::Error(json) => self.failed(error_of(&json)),
            Said::Ended(how) => self.failed(("Runtime.ExitError".to_owned(), how, Vec::new())),
            Said::TooLarge(bytes) => {
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

    fn lost(&self, message: &str, may_have_run: bool) -> Error {
        Error::Transport { worker: self.worker(), message: message.to_owned(), may_have_run }
    }

    fn worker(&self) -> String {
        self.program.function.worker.clone()
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Arc<Environment>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
