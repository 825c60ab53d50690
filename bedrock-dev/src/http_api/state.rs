//! What the routes share.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bedrock::local::service::Backend;
use bedrock::local::token;
use bedrock_build::App;
use tokio::sync::watch;

use super::app_info::{AppInfoResponse, Edge};
use crate::event_log::{EventLog, Recorder};
use crate::queue::Queue;
use crate::triggers::Triggers;

/// What the routes tell and do.
pub struct ApiState {
    pub(super) about: AppInfoResponse,
    pub(super) stream: EventLog,
    pub(super) recorder: Recorder,
    /// Where the app lies.
    pub(super) root: PathBuf,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) queue: Arc<Queue>,
    /// Whoever knows it may change something.
    pub(super) token: String,
    /// Who calls whom, once that is known.
    pub(super) edges: watch::Sender<Option<Vec<Edge>>>,
    /// The same as a picture, once that can be drawn.
    pub(super) picture: watch::Sender<Option<RenderCallGraph>>,
    /// What invokes workers besides calls, once that is open.
    pub(super) triggers: OnceLock<Arc<Triggers>>,
}

/// Draws the call graph, as SVG.
pub type RenderCallGraph = Arc<dyn Fn() -> String + Send + Sync>;

impl ApiState {
    /// Of an app whose port is `url`, with a token of its own. Calls are made through `backend`, and `recorder` records them.
    pub fn new(app: &App, url: String, recorder: Recorder, backend: Arc<dyn Backend>, queue: Arc<Queue>) -> Arc<Self> {
        Arc::new(Self {
            about: AppInfoResponse::of(app, url),
            stream: recorder.stream().clone(),
            recorder,
            root: app.root.clone(),
            backend,
            queue,
            token: token(),
            edges: watch::Sender::default(),
            picture: watch::Sender::default(),
            triggers: OnceLock::new(),
        })
    }

    /// Takes the triggers, once.
    pub(crate) fn trigger(&self, triggers: Arc<Triggers>) {
        let _ = self.triggers.set(triggers);
    }

    /// Takes the call graph, as the last build found it.
    pub fn know(&self, edges: Vec<Edge>) {
        self.edges.send_replace(Some(edges));
    }

    /// Takes who draws the call graph. It is drawn when it is asked for.
    pub fn show(&self, picture: RenderCallGraph) {
        self.picture.send_replace(Some(picture));
    }
}
