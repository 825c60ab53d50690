//! The composition root of the local runtime: connects an app with its backend and Lambda's API.

use std::sync::{Arc, Weak};

use tokio::runtime::Handle;

use super::api_port;
use super::app_info::AppInfo;
use super::async_runtime;
use super::dispatch::{FailedTransport, LocalApp, LocalTransport};
use super::host::registry::{ApiUrl, HostConfig};
use super::local_backend::LocalBackend;
use super::output;
use crate::transport::Transport;

/// Starts an app whose program this is. Lambda's API is opened when a worker or the user needs it.
pub(super) fn start(app: AppInfo, handle: Handle) -> Arc<LocalApp> {
    LocalApp::new(app, handle, |app| {
        let app: Weak<LocalApp> = app.clone();
        let access_key: Arc<str> = bedrock_model::id::new_access_key().into();
        let key = Arc::clone(&access_key);
        let open = move || api_port::open_configured(Arc::new(LocalBackend(app.clone())), Arc::clone(&key));
        HostConfig {
            api: ApiUrl::opened_by(open),
            access_key: Some(access_key),
            output: output::start(None),
            variables: Vec::new(),
            debuggers: std::collections::HashMap::new(),
            requires_current_contracts: false,
        }
    })
}

/// Returns a transport for a program without `#[bedrock::main]`. Its runtime lives until the process ends.
pub(crate) fn detached_transport() -> Arc<dyn Transport> {
    match async_runtime::start() {
        Ok(runtime) => {
            let app = start(AppInfo::discover(), runtime.handle().clone());
            // The runtime serves all later calls, whatever thread or runtime they come from.
            std::mem::forget(runtime);
            Arc::new(LocalTransport(app))
        }
        Err(error) => Arc::new(FailedTransport(error.to_string())),
    }
}
