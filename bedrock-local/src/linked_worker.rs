//! The interface of Rust workers that are linked into the program which runs the app.

use std::sync::Arc;

use bedrock_model::{Invocation, Reply};
use tokio::runtime::Handle;

use super::worker_info::WorkerInfo;

/// A Rust worker that is linked into this program.
pub trait LinkedWorker: Send + Sync {
    /// Runs one invocation of the worker within its timeout.
    fn invoke(self: Arc<Self>, info: Arc<WorkerInfo>, invocation: Invocation) -> Reply;
}

/// Returns the linked worker with this name, which runs on the runtime of the handle. `None` if its crate is not linked.
pub type FindLinkedWorker = fn(name: &str, handle: &Handle) -> Option<Arc<dyn LinkedWorker>>;

/// Finds no worker, for programs that link none.
pub fn no_linked_worker(_: &str, _: &Handle) -> Option<Arc<dyn LinkedWorker>> {
    None
}
