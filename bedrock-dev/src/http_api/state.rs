//! The state that the handlers share.

use std::path::PathBuf;
use std::sync::Arc;

use bedrock_build::App;
use bedrock_local::durable::DurableService;
use bedrock_model::Backend;
use bedrock_model::id::new_access_key;
use tokio::sync::watch;

use super::app_info::{AppInfo, Edge};
use crate::async_queue::AsyncQueue;
use crate::event_log::{EventLog, Recorder};
use crate::triggers::Triggers;

/// The state of the API.
pub struct ApiState {
    pub(super) app: AppInfo,
    pub(super) log: EventLog,
    pub(super) recorder: Recorder,
    /// The folder of the app.
    pub(super) root: PathBuf,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) queue: Arc<AsyncQueue>,
    /// Required for changes.
    pub(super) token: String,
    /// The call graph; `None` until the first build has found it.
    pub(super) call_graph: watch::Sender<Option<Vec<Edge>>>,
    /// Draws the call graph; `None` until the first build has found it.
    pub(super) render_call_graph: watch::Sender<Option<RenderCallGraph>>,
    /// The triggers; `None` if the API is served without them.
    pub(super) triggers: Option<Arc<Triggers>>,
    /// The executions of durable workers; `None` if the app has no durable worker.
    pub(super) executions: Option<Arc<DurableService>>,
}

/// Draws the call graph as SVG.
pub type RenderCallGraph = Arc<dyn Fn() -> String + Send + Sync>;

impl ApiState {
    /// Creates the state, with a new token, for an app that is served at `url`. Calls are made through `backend`, which
    /// `recorder` records.
    pub fn new(app: &App, url: String, recorder: Recorder, backend: Arc<dyn Backend>, queue: Arc<AsyncQueue>) -> Self {
        Self {
            app: AppInfo::new(app, url),
            log: recorder.log().clone(),
            recorder,
            root: app.root.clone(),
            backend,
            queue,
            token: new_access_key(),
            call_graph: watch::Sender::default(),
            render_call_graph: watch::Sender::default(),
            triggers: None,
            executions: None,
        }
    }

    /// Adds the triggers of the app.
    #[must_use]
    pub(crate) fn with_triggers(self, triggers: Arc<Triggers>) -> Self {
        Self { triggers: Some(triggers), ..self }
    }

    /// Adds the executions of the app's durable workers.
    #[must_use]
    pub fn with_executions(self, executions: Option<Arc<DurableService>>) -> Self {
        Self { executions, ..self }
    }

    /// Returns the token that changes require.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Replaces the call graph.
    pub fn set_call_graph(&self, edges: Vec<Edge>) {
        self.call_graph.send_replace(Some(edges));
    }

    /// Replaces the function that draws the call graph, which is called for each request of the image.
    pub fn set_call_graph_renderer(&self, render: RenderCallGraph) {
        self.render_call_graph.send_replace(Some(render));
    }
}
