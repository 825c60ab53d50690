//! Where the call was made (`-C` or the current folder), the app that lies there, and how to talk to the user.

use std::path::{Path, PathBuf};

use bedrock_build::App;

use crate::print::Printer;
use bedrock_diagnostics::{Error, ExitKind, Result};

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Session {
    /// Absolute, without symlinks: the folders above it are the real ones.
    pub(crate) dir: PathBuf,
    pub(crate) print: Printer,
}

impl Session {
    pub(crate) fn new(directory: Option<&Path>, print: Printer) -> Result<Self> {
        let wanted = directory.unwrap_or(Path::new("."));
        let dir = wanted
            .canonicalize()
            .map_err(|error| Error::io(format!("failed to enter the folder `{}`", wanted.display()), &error))?;
        if dir.is_dir() {
            Ok(Self { dir, print })
        } else {
            Err(Error::call(format!("`{}` is no folder", wanted.display())))
        }
    }

    /// The app that the folder lies in.
    pub(crate) fn app(&self) -> Result<App> {
        match App::search(&self.dir) {
            Ok(Some(app)) => Ok(app),
            Ok(None) => Err(Error::problems(ExitKind::Call, vec![App::none_at(&self.dir)])),
            Err(problems) => Err(Error::problems(ExitKind::App, problems)),
        }
    }
}
