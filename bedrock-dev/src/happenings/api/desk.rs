//! What the routes share.

use std::sync::{Arc, OnceLock};

use bedrock::local::service::Backend;
use bedrock::local::token;
use bedrock_build::App;
use tokio::sync::watch;

use super::about::{About, Edge};
use crate::happenings::Stream;
use crate::queue::Queue;
use crate::triggers::Triggers;

/// What the routes tell and do.
pub struct Desk {
    pub(super) about: About,
    pub(super) stream: Stream,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) queue: Arc<Queue>,
    /// Whoever knows it may change something.
    pub(super) token: String,
    /// Who calls whom, once that is known.
    pub(super) edges: watch::Sender<Option<Vec<Edge>>>,
    /// What invokes workers besides calls, once that is open.
    pub(super) triggers: OnceLock<Arc<Triggers>>,
}

impl Desk {
    /// Of an app whose port is `url`, with a token of its own. Calls are made through `backend`.
    pub fn new(app: &App, url: String, stream: Stream, backend: Arc<dyn Backend>, queue: Arc<Queue>) -> Arc<Self> {
        let about = About::of(app, url);
        Arc::new(Self {
            about,
            stream,
            backend,
            queue,
            token: token(),
            edges: watch::Sender::default(),
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
}
