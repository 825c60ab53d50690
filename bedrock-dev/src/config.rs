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
    /// Where dependencies of workers are installed, which apps may share: `bedrock` in cargo's target folder.
    pub scratch: PathBuf,
    /// Where is kept what outlives the program, for this app alone: `target/bedrock` of the app.
    pub state: PathBuf,
    /// The port, 0 for a free one.
    pub port: u16,
    /// For the pauses and ages of events.
    pub clock: Clock,
    /// The programs of Rust workers, built from the code for Lambda, by the workers' names; that of the endpoint under [`crate::ENDPOINT`].
    /// Calls of a worker whose program is missing fail until a reload brings it.
    pub programs: HashMap<String, PathBuf>,
    /// Takes what workers print, besides the stream.
    pub sink: LogSink,
    /// The call graph, to refuse calls that it does not have; nothing if it is not known.
    pub edges: Option<CallGraph>,
    /// Whether calls that AWS would refuse are refused, of which else the sink is told, and whether Rust workers have no
    /// more memory than their setting says.
    pub strict: bool,
}
