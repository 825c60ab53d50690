//! Workers that a debugger looks into: nobody's time runs out, and where the debugger finds them.

use std::collections::HashMap;
use std::path::PathBuf;

use bedrock_build::App;

use crate::DevServer;

/// The workers, and for those in Python and JavaScript the port of 127.0.0.1 on which a debugger finds each.
pub type Debuggers = HashMap<String, Option<u16>>;

/// Seconds that an invocation may take while somebody debugs: a day.
pub const TIMEOUT: u64 = 24 * 60 * 60;

/// The process of a Rust worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub id: u32,
    /// Its program, a copy of what cargo has built.
    pub program: PathBuf,
}

/// The same app with the clocks of all functions stopped if one is debugged: those that wait for it must not give up either,
/// and who that is only a call shows.
pub(crate) fn stopped(mut app: App, debuggers: &Debuggers) -> App {
    if !debuggers.is_empty() {
        app.settings.endpoint.timeout = TIMEOUT;
        for worker in &mut app.workers {
            worker.settings.timeout = TIMEOUT;
        }
    }
    app
}

/// Those that listen.
pub(crate) fn ports(debuggers: &Debuggers) -> HashMap<String, u16> {
    debuggers.iter().filter_map(|(worker, port)| Some((worker.clone(), (*port)?))).collect()
}

impl DevServer {
    /// Starts a worker's process before anybody calls it, so that a debugger finds it; gives that of a Rust worker.
    pub async fn warm(&self, worker: &str) -> Result<Option<Process>, bedrock::Error> {
        match self.engines.rust.get(worker) {
            Some(function) => function.warm().await.map(|()| self.process(worker)),
            None => self.engines.hosted.warm(worker).await.map(|()| None),
        }
    }

    /// The process of a Rust worker that waits for its next call.
    pub fn process(&self, worker: &str) -> Option<Process> {
        let (id, program) = self.engines.rust.get(worker)?.process()?;
        Some(Process { id, program })
    }
}
