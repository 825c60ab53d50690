//! Reloads what changes, until the app's settings change. What a changed file means is decided in `bedrock-dev`.

use std::path::Path;
use std::sync::Arc;

use bedrock_build::App;
use bedrock_callgraph::workers_with_shared_file;
use bedrock_dev::{Affected, BuildProgress, DevServer, FileWatcher, ReloadOutcome};

use super::compile::{Calls, Compiled, Compiler};
use super::debug::{self, DebugTarget};
use super::initial_build::{self, InitialState};
use super::output::Output;
use super::waiting_executions::WaitingExecutions;
use bedrock_diagnostics::Result;

/// Replaces the call graph of a dev server.
pub(super) type UpdateCallGraph = dyn Fn(Calls) + Send + Sync;

/// Returns a callback that replaces the call graph of `server`.
pub(super) fn call_graph_updater(server: &DevServer) -> Arc<UpdateCallGraph> {
    let update_edges = server.call_graph_updater();
    let api = Arc::clone(&server.api_state);
    Arc::new(move |calls: Calls| {
        api.set_call_graph_renderer(calls.picture);
        update_edges(calls.edges);
    })
}

/// What a change of files affects.
pub(super) struct ReloadContext<'a> {
    pub(super) server: &'a DevServer,
    pub(super) compiler: &'a Compiler,
    pub(super) output: &'a Output,
    pub(super) update_call_graph: &'a Arc<UpdateCallGraph>,
    /// What the server was started with.
    pub(super) compiled: &'a Compiled,
    pub(super) targets: &'a [DebugTarget],
    pub(super) waiting: &'a WaitingExecutions,
}

impl ReloadContext<'_> {
    /// Reloads programs until the app's settings change. Then compiles the changed app and returns it. Never ends if no
    /// files are watched.
    pub(super) async fn run(&self, app: &App, watch: Option<FileWatcher>) -> Result<(App, InitialState)> {
        let Self { server, compiler, compiled, .. } = *self;
        let Some(watch) = watch else { return std::future::pending().await };
        // A file that cannot be read is reported by the worker that imports it.
        let users = |app: &App, path: &Path| workers_with_shared_file(app, path).unwrap_or_default();
        let reloader = server.reloader_with(app, watch).with_shared_file_users(Arc::new(users));
        let build = |_: Affected, progress: BuildProgress| {
            server.report_build_started(compiled.programs.keys().cloned().collect());
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
    fn report(&self, app: &App, reload: &ReloadOutcome) {
        self.output.reload(reload);
        debug::report_reload(self.targets, self.server, self.output, reload);
        self.server.report_reload(reload);
        self.waiting.check(app, reload);
        let calls = self.compiler.calls(app);
        let update_call_graph = Arc::clone(self.update_call_graph);
        tokio::spawn(async move { calls.await.map(|calls| update_call_graph(calls)) });
    }
}
