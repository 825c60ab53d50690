//! The local runtime of a program without `#[bedrock::main]`.

use std::sync::Arc;

use bedrock_local::{AppInfo, FailedTransport, LocalTransport, start, start_async_runtime};
use bedrock_model::transport::Transport;

use super::rust_worker::find_linked_worker;

/// Returns a transport for a program without `#[bedrock::main]`. Its runtime lives until the process ends.
pub(crate) fn detached_transport() -> Arc<dyn Transport> {
    match start_async_runtime() {
        Ok(runtime) => {
            let app = start(AppInfo::discover(), runtime.handle().clone(), find_linked_worker);
            // The runtime serves all later calls, whatever thread or runtime they come from.
            std::mem::forget(runtime);
            Arc::new(LocalTransport(app))
        }
        Err(error) => Arc::new(FailedTransport(error.to_string())),
    }
}
