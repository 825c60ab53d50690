//! What a workshop begins with. Compiling is left to `compile`, watching to `bedrock-dev`.

use bedrock_build::App;
use bedrock_dev::{BuildFailed, NotWatched, Watch};

use super::compile::{Compiled, Compiler};
use crate::build::Workspace;
use bedrock_diagnostics::{Error, ExitKind, Result};

/// What a workshop begins with.
pub(super) struct Begun {
    pub(super) found: Compiled,
    /// Since before it was compiled: what is saved meanwhile is not lost.
    pub(super) watch: Option<Watch>,
    /// Why what was found is older than the files.
    pub(super) failed: Option<BuildFailed>,
}

impl Begun {
    /// Compiles an app. If that fails, what there was `before` has to do until it compiles; where there was nothing and
    /// no file is watched, it never would.
    pub(super) fn of(app: &App, is_watched: bool, compiler: &Compiler, before: Option<&Compiled>) -> Result<Self> {
        // Whatever is wrong with the workspace, cargo will say it.
        let outside = || Workspace::of(app).map(|workspace| workspace.outside(app)).unwrap_or_default();
        let folders = || [app.root.clone()].into_iter().chain(outside());
        let watch = is_watched.then(|| Watch::start(folders())).transpose();
        let mut watch = watch.map_err(|why| not_watched(&why))?;
        let (found, failed) = match compiler.first(app) {
            Ok(found) => (found, None),
            Err((error, failed)) if error.kind == ExitKind::App && (is_watched || before.is_some()) => {
                compiler.complain(&error);
                (before.cloned().unwrap_or_else(Compiled::nothing), Some(failed))
            }
            Err((error, _)) => return Err(error),
        };
        watch.iter_mut().for_each(Watch::compiled);
        Ok(Self { found, watch, failed })
    }
}

/// The app as it has become, compiled while what was there `before` serves on.
pub(super) async fn anew(app: App, is_watched: bool, compiler: &Compiler, before: &Compiled) -> Result<(App, Begun)> {
    let (compiler, before, next) = (compiler.clone(), before.clone(), app.clone());
    let begun = tokio::task::spawn_blocking(move || Begun::of(&next, is_watched, &compiler, Some(&before))).await;
    Ok((app, begun.map_err(|_| Error::call("the build ended early"))??))
}

fn not_watched(why: &NotWatched) -> Error {
    let error = Error::call(why.to_string());
    match why.help() {
        Some(help) => error.help(help),
        None => error.help("run it without: `cargo bedrock dev --no-reload`"),
    }
}
