//! A function as it is deployed. Knows neither who runs it nor how its zip was made.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

/// A zip, layers and settings; [`Function::new`] has what a test does not care about.
#[derive(Debug, Clone)]
pub struct Function {
    /// By the naming rule `app-stage-worker`, if it is a worker.
    pub name: String,
    /// `python3.13`, `nodejs24.x`, `provided.al2023`.
    pub runtime: String,
    /// What Lambda's runtime calls, for example `bedrock.bootstrap.handler`.
    pub handler: String,
    /// The zip with the code.
    pub code: PathBuf,
    /// The zips of its layers, in order.
    pub layers: Vec<PathBuf>,
    /// Its variables, besides those that Lambda sets.
    pub environment: BTreeMap<String, String>,
    /// Seconds.
    pub timeout: u32,
    /// Megabytes.
    pub memory: u32,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// What its role may do, as an IAM policy document; without one, nothing.
    pub policy: Option<Value>,
}

impl Function {
    /// A function without layers, variables and rights: 30 seconds, 256 MB, of this machine's architecture.
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
