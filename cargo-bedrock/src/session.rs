//! The folder that the command runs in (`-C` or the current folder), its app, and the user's output settings.

use std::path::{Path, PathBuf};

use bedrock_build::App;

use crate::ui::Printer;
use bedrock_diagnostics::{Error, ExitKind, Result};

/// Context of a command.
#[derive(Debug)]
pub(crate) struct Session {
    /// Absolute and without symlinks, so that its parents are the real parent folders.
    pub(crate) dir: PathBuf,
    pub(crate) print: Printer,
}

impl Session {
    pub(crate) fn new(directory: Option<&Path>, print: Printer) -> Result<Self> {
        let directory = directory.unwrap_or(Path::new("."));
        let dir = directory
            .canonicalize()
            .map_err(|error| Error::io(format!("failed to enter the folder `{}`", directory.display()), &error))?;
        if dir.is_dir() {
            Ok(Self { dir, print })
        } else {
            Err(Error::call(format!("`{}` is not a folder", directory.display())))
        }
    }

    /// Finds the app that contains the folder.
    pub(crate) fn app(&self) -> Result<App> {
        match App::search(&self.dir) {
            Ok(Some(app)) => Ok(app),
            Ok(None) => Err(Error::problems(ExitKind::Call, vec![App::no_app_found(&self.dir)])),
            Err(problems) => Err(Error::problems(ExitKind::App, problems)),
        }
    }
}
