//! A function to deploy. It is independent of how it is run, and of how its zip was built.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

/// A zip, layers and settings. [`Function::new`] has defaults for the settings.
#[derive(Debug, Clone)]
pub struct Function {
    /// The name. For a worker, it follows the naming rule `app-stage-worker`.
    pub name: String,
    /// The identifier of the runtime, for example `python3.13`, `nodejs24.x` or `provided.al2023`.
    pub runtime: String,
    /// The handler, for example `bedrock.bootstrap.handler`.
    pub handler: String,
    /// The path of the zip with the code.
    pub code: PathBuf,
    /// The paths of the zips of the layers, in order.
    pub layers: Vec<PathBuf>,
    /// The environment variables, in addition to those that Lambda sets.
    pub environment: BTreeMap<String, String>,
    /// The timeout in seconds.
    pub timeout: u32,
    /// The memory size in megabytes.
    pub memory: u32,
    /// The instruction set architecture: `x86_64` or `arm64`.
    pub architecture: String,
    /// The policy of the role, as an IAM policy document. `None` for no permissions.
    pub policy: Option<Value>,
}

impl Function {
    /// Creates a function without layers, variables and permissions, with a timeout of 30 seconds, 256 MB of memory and
    /// the architecture of this machine.
    pub fn new(name: &str, runtime: &str, handler: &str, code: impl Into<PathBuf>) -> Self {
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
        Self {
            name: name.to_owned(),
            runtime: runtime.to_owned(),
            handler: handler.to_owned(),
            code: code.into(),
            layers: Vec::new(),
            environment: BTreeMap::new(),
            timeout: 30,
            memory: 256,
            architecture: architecture.to_owned(),
            policy: None,
        }
    }
}
