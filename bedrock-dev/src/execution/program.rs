//! The executable of a function.

use std::path::PathBuf;

use bedrock_model::FunctionInfo;

/// What the environments of a function run.
#[derive(Debug, Clone)]
pub struct Program {
    /// The executable.
    pub path: PathBuf,
    /// The working directory.
    pub folder: PathBuf,
    /// Environment variables, in addition to those that Lambda sets and those of this program.
    pub variables: Vec<(String, String)>,
    /// The function as it is described to invocations.
    pub function: FunctionInfo,
    /// Whether a process is killed when it uses more memory than the function has.
    pub enforce_memory: bool,
}
