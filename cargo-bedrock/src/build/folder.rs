//! The folder of the artifacts, `target/bedrock` in the app: where each lies, one build at a time, nothing half-written.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bedrock_build::App;
use tempfile::TempDir;

use super::part::Part;
use crate::print::Printer;
use bedrock_diagnostics::{Error, Result, relative_path};

const STAGING: &str = ".staging-";

/// Where it is, there or not.
pub(crate) fn path(app: &App) -> PathBuf {
    app.root.join("target/bedrock")
}

/// The folder, held for one build.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    app: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if need be, waits for another build in it, and removes what a killed one left.
    pub(crate) fn open(app: &App, print: Printer) -> Result<Self> {
        let path = path(app);
        let folder = relative_path(&path, &app.root);
        fs::create_dir_all(&path)
            .map_err(|error| Error::io(format!("failed to create the folder `{folder}`"), &error))?;
        let failed = |error| Error::io(format!("failed to lock the folder `{folder}`"), &error);
        let lock = File::create(path.join(".lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                print.note("another build of this app is running, waiting for it");
                lock.lock().map_err(failed)?;
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let folder = Self { path, app: app.root.clone(), _lock: lock };
        folder.tidy();
        Ok(folder)
    }

    /// Where the zip of a part is, or will be.
    pub(crate) fn zip(&self, part: &Part) -> PathBuf {
        self.path.join(part.file())
    }

    /// A folder to install something in; it goes with the value.
    pub(crate) fn staging(&self) -> Result<TempDir> {
        let made = tempfile::Builder::new().prefix(STAGING).tempdir_in(&self.path);
        made.map_err(|error| {
            Error::io(format!("failed to create a folder in `{}`", relative_path(&self.path, &self.app)), &error)
        })
    }

    /// Not being able to remove old drafts is no reason not to build.
    fn tidy(&self) {
        let below = |name: &str| fs::read_dir(self.path.join(name)).into_iter().flatten().flatten();
        for entry in ["", "workers", "layers"].into_iter().flat_map(below) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(STAGING) {
                let _ = fs::remove_dir_all(entry.path());
            } else if name.starts_with(".bedrock-pack-") || name.starts_with(".bedrock-draft-") {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Writes a whole file in the place of another: readers see the old one or the new one.
pub(crate) fn replace(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    let failed = |error: &std::io::Error| Error::io(format!("failed to write `{}`", path.display()), error);
    let above = path.parent().unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new()
        .prefix(".bedrock-draft-")
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(above);
    let mut draft = draft.map_err(|error| failed(&error))?;
    draft.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    draft.persist(path).map(drop).map_err(|error| failed(&error.error))
}
