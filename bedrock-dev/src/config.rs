//! Configuration of the dev server.

use std::collections::HashMap;
use std::path::PathBuf;

use bedrock_build::App;

use crate::Clock;
use crate::execution::LogSink;
use crate::policy::CallGraph;

/// Configuration of a [`crate::DevServer`].
pub struct DevServerConfig {
    /// The app.
    pub app: App,
    /// Folder in which dependencies of workers are installed: `bedrock` in cargo's target folder. Several apps may
    /// share it.
    pub install_folder: PathBuf,
    /// Folder of what outlives the server, such as the event queue: `target/bedrock` of the app. No other app uses it.
    pub state_folder: PathBuf,
    /// The port that [`crate::DevServer::start`] listens on; 0 for any free one.
    pub port: u16,
    /// The clock for retry delays, event ages and schedules.
    pub clock: Clock,
    /// Executables of Rust workers by worker name, built from the code that Lambda gets; the endpoint's under
    /// [`crate::ENDPOINT`]. Calls of a worker whose executable is missing fail until a reload provides it.
    pub executables: HashMap<String, PathBuf>,
    /// Receives every line that workers print. The event log gets each line first.
    pub log_sink: LogSink,
    /// The call graph: calls that it does not contain are rejected. `None` if it is not known, which permits every
    /// call.
    pub call_graph: Option<CallGraph>,
    /// Strict mode: reject calls that AWS would reject (otherwise only warn), and enforce the configured memory size
    /// for Rust workers.
    pub strict: bool,
    /// Only warn about requests to the local services that `uses` in the settings does not cover.
    pub relaxed: bool,
}
