//! The measured figures of local invocations.

use super::hello::Compile;
use super::passes::Column;

/// All figures.
#[derive(Debug)]
pub(super) struct Figures {
    /// Measured on all cores.
    pub(super) quiet: Column,
    /// Measured on one core.
    pub(super) one_core: Column,
    /// Resident memory of an app with ten warm workers, in KiB.
    pub(super) idle_kib: u64,
    /// Median of `cargo bedrock contracts` of an app with 40 workers whose files are up to date, in milliseconds.
    pub(super) contracts_ms: f64,
    pub(super) crates: usize,
    /// Size of the release binary of `hello`, in bytes.
    pub(super) hello_bytes: u64,
    /// Wall time of cold dev builds; `None` if they were not measured.
    pub(super) compile: Option<Compile>,
}
