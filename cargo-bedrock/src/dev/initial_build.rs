//! The state that a dev server starts with. Compiling is left to `compile`, watching to `bedrock-dev`.

use bedrock_build::App;
use bedrock_dev::{BuildError, FileWatcher, WatchError};

use super::compile::{Compiled, Compiler};
use bedrock_diagnostics::{Error, ExitKind, Result};
use bedrock_package::Workspace;

/// The state that a dev server starts with.
pub(super) struct InitialState {
    pub(super) compiled: Compiled,
    /// Watches since before the first compilation, so that files saved during it are not missed. `None` without
    /// reloads.
    pub(super) watch: Option<FileWatcher>,
    /// Why `compiled` is older than the app's files, if it is.
    pub(super) failure: Option<BuildError>,
}

impl InitialState {
    /// Compiles an app. If that fails, the server starts with the `previous` programs, or without any, until the app
    /// compiles. If there are no previous programs and no files are watched, the failure is an error, because nothing
    /// would ever compile the app again.
    pub(super) fn build(app: &App, is_watched: bool, compiler: &Compiler, previous: Option<&Compiled>) -> Result<Self> {
        // If the workspace cannot be read, cargo reports the reason below.
        let packages_outside =
            || Workspace::of(app).map(|workspace| workspace.packages_outside(app)).unwrap_or_default();
        let folders = || [app.root.clone()].into_iter().chain(packages_outside());
        let watch = is_watched.then(|| FileWatcher::start(folders())).transpose();
        let mut watch = watch.map_err(|error| watch_error(&error))?;
        let (programs, failure) = match compiler.compile_all(app) {
            Ok(programs) => (programs, None),
            Err((error, failure)) if error.kind == ExitKind::App && (is_watched || previous.is_some()) => {
                compiler.print_error(&error);
                (previous.cloned().unwrap_or_else(Compiled::empty), Some(failure))
            }
            Err((error, _)) => return Err(error),
        };
        watch.iter_mut().for_each(FileWatcher::discard_lockfile_changes);
        Ok(Self { compiled: programs, watch, failure })
    }
}

/// Compiles `app` while the server with the `previous` programs keeps running.
pub(super) async fn rebuild(
    app: App,
    is_watched: bool,
    compiler: &Compiler,
    previous: &Compiled,
) -> Result<(App, InitialState)> {
    let compiler = compiler.clone();
    let previous = previous.clone();
    let next = app.clone();
    let build = move || InitialState::build(&next, is_watched, &compiler, Some(&previous));
    let initial = tokio::task::spawn_blocking(build).await;
    Ok((app, initial.map_err(|_| Error::call("the build ended early"))??))
}

fn watch_error(watch_error: &WatchError) -> Error {
    let error = Error::call(watch_error.to_string());
    match watch_error.help() {
        Some(help) => error.help(help),
        None => error.help("run without reloads: `cargo bedrock dev --no-reload`"),
    }
}
