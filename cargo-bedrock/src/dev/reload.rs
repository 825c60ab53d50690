//! Reloads what changes, until the app's settings change. What a changed file means is decided in `bedrock-dev`.

use std::sync::Arc;

use bedrock_build::App;
use bedrock_dev::{Affected, Making, Reload, Watch, Workshop};

use super::compile::{Calls, Compiled, Compiler};
use super::debug::{self, DebugTarget};
use super::initial_build::{self, InitialState};
use super::output::Output;
use bedrock_diagnostics::Result;

/// Replaces the call graph of a dev server.
pub(super) type UpdateCallGraph = dyn Fn(Calls) + Send + Sync;

/// Returns a callback that replaces the call graph of `server`.
pub(super) fn call_graph_updater(server: &Workshop) -> Arc<UpdateCallGraph> {
    let update_edges = server.knowing();
    let api = Arc::clone(&server.desk);
    Arc::new(move |calls: Calls| {
        api.show(calls.picture);
        update_edges(calls.edges);
    })
}

/// What a change of files affects.
pub(super) struct ReloadContext<'a> {
    pub(super) server: &'a Workshop,
    pub(super) compiler: &'a Compiler,
    pub(super) output: &'a Output,
    pub(super) update_call_graph: &'a Arc<UpdateCallGraph>,
    /// What the server was started with.
    pub(super) compiled: &'a Compiled,
    pub(super) targets: &'a [DebugTarget],
}

impl ReloadContext<'_> {
    /// Reloads programs until the app's settings change. Then compiles the changed app and returns it. Never ends if no
    /// files are watched.
    pub(super) async fn run(&self, app: &App, watch: Option<Watch>) -> Result<(App, InitialState)> {
        let Self { server, compiler, compiled, .. } = *self;
        let Some(watch) = watch else { return std::future::pending().await };
        let reloader = server.reloader_of(app, watch);
        let build = |_: Affected, progress: Making| {
            server.builds(compiled.programs.keys().cloned().collect());
            compiler.recompile(app, progress)
        };
        match reloader.run(build, |reload| self.report(app, &reload)).await {
            // The server keeps running with the old app in the meantime.
            Some(changed_app) => initial_build::rebuild(changed_app, true, compiler, compiled).await,
            // The watcher has failed. The server keeps running without reloads.
            None => std::future::pending().await,
        }
    }

    /// Reports a reload to the user and to the server, and updates the call graph in the background.
    fn report(&self, app: &App, reload: &Reload) {
        self.output.reload(reload);
        debug::report_reload(self.targets, self.server, self.output, reload);
        self.server.tell(reload);
        let calls = self.compiler.calls(app);
        let update_call_graph = Arc::clone(self.update_call_graph);
        tokio::spawn(async move { calls.await.map(|calls| update_call_graph(calls)) });
    }
}
