//! Workers under a debugger: no function times out, and each debugged worker has a known port or process.

use std::collections::HashMap;
use std::path::PathBuf;

use bedrock_build::App;

/// The debugged workers. Python and JavaScript workers have the port of 127.0.0.1 on which a debugger can attach.
pub type Debuggers = HashMap<String, Option<u16>>;

/// Timeout of every function while a worker is debugged: one day, in seconds.
pub const TIMEOUT_SECONDS: u64 = 24 * 60 * 60;

/// The process of a Rust worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// The process id.
    pub id: u32,
    /// The executable, which is a copy of the one that cargo built.
    pub program: PathBuf,
}

/// Returns the app with practically no timeouts if a worker is debugged. Callers of a debugged function must not time
/// out either, and callers are only known at run time, so this applies to all functions.
pub(crate) fn without_timeouts(mut app: App, debuggers: &Debuggers) -> App {
    if !debuggers.is_empty() {
        app.settings.endpoint.timeout = TIMEOUT_SECONDS;
        for worker in &mut app.workers {
            worker.settings.timeout = TIMEOUT_SECONDS;
        }
    }
    app
}

/// Returns the debug ports by worker.
pub(crate) fn ports(debuggers: &Debuggers) -> HashMap<String, u16> {
    debuggers.iter().filter_map(|(worker, port)| Some((worker.clone(), (*port)?))).collect()
}
