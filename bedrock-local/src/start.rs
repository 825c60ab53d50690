//! The composition root of the local runtime: connects an app with its backend and Lambda's API.

use std::sync::{Arc, Weak};

use bedrock_model::id::new_access_key;
use tokio::runtime::Handle;

use super::api_port;
use super::app_info::AppInfo;
use super::dispatch::LocalApp;
use super::host::registry::{ApiUrl, HostConfig};
use super::linked_worker::FindLinkedWorker;
use super::local_backend::LocalBackend;
use super::output;

/// Starts an app whose program this is. Lambda's API is opened when a worker or the user needs it.
pub fn start(app: AppInfo, handle: Handle, find_linked: FindLinkedWorker) -> Arc<LocalApp> {
    LocalApp::new(app, handle, find_linked, |app| {
        let app: Weak<LocalApp> = app.clone();
        let access_key: Arc<str> = new_access_key().into();
        let key = Arc::clone(&access_key);
        let open = move || api_port::open_configured(Arc::new(LocalBackend(app.clone())), Arc::clone(&key));
        HostConfig {
            api: ApiUrl::opened_by(open),
            access_key: Some(access_key),
            output: output::start(None),
            variables: Vec::new(),
            debuggers: std::collections::HashMap::new(),
        }
    })
}
