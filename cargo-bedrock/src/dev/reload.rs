//! Takes over what is saved, until the app has become another one. What a saved file means is left to `bedrock-dev`.

use std::sync::Arc;

use bedrock_build::App;
use bedrock_dev::{Affected, Making, Reload, Watch, Workshop};

use super::begun::{Begun, anew};
use super::compile::{Calls, Compiled, Compiler};
use super::debug::{self, Target};
use super::show::Show;
use bedrock_diagnostics::Result;

/// Tells the workshop of another call graph.
pub(super) type Know = dyn Fn(Calls) + Send + Sync;

pub(super) fn know(workshop: &Workshop) -> Arc<Know> {
    let (knowing, desk) = (workshop.knowing(), Arc::clone(&workshop.desk));
    Arc::new(move |calls: Calls| {
        desk.show(calls.picture);
        knowing(calls.edges);
    })
}

/// Whom a saved file concerns.
pub(super) struct Reloading<'a> {
    pub(super) workshop: &'a Workshop,
    pub(super) compiler: &'a Compiler,
    pub(super) show: &'a Show,
    pub(super) know: &'a Arc<Know>,
    /// What the workshop began with.
    pub(super) found: &'a Compiled,
    pub(super) targets: &'a [Target],
}

impl Reloading<'_> {
    /// Ends when the app has become another one, which it gives once that is compiled; never where nothing is watched.
    pub(super) async fn run(&self, app: &App, watch: Option<Watch>) -> Result<(App, Begun)> {
        let Self { workshop, compiler, found, .. } = *self;
        let Some(watch) = watch else { return std::future::pending().await };
        let reloader = workshop.reloader_of(app, watch);
        let build = |_: Affected, making: Making| {
            workshop.builds(found.programs.keys().cloned().collect());
            compiler.again(app, making)
        };
        match reloader.run(build, |reload| self.tell(app, &reload)).await {
            // The app as it was serves on meanwhile.
            Some(other) => anew(other, true, compiler, found).await,
            // Files that cannot be watched any longer are no reason to stop.
            None => std::future::pending().await,
        }
    }

    fn tell(&self, app: &App, reload: &Reload) {
        self.show.reload(reload);
        debug::reloaded(self.targets, self.workshop, self.show, reload);
        self.workshop.tell(reload);
        let (calls, know) = (self.compiler.calls(app), Arc::clone(self.know));
        tokio::spawn(async move { calls.await.map(|calls| know(calls)) });
    }
}
