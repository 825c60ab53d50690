//! The artifact directory of an app, `target/bedrock`. A lock admits one build at a time.

use std::fs::{self, File, TryLockError};
use std::path::PathBuf;

use bedrock_build::App;
use tempfile::TempDir;

use super::artifact::Artifact;
use super::observer::BuildObserver;
use super::replace_file::DRAFT;
use bedrock_diagnostics::{Error, Result, relative_path};

const STAGING: &str = ".staging-";

/// Returns the path of the artifact directory, which may not exist yet.
pub fn artifact_dir(app: &App) -> PathBuf {
    app.root.join("target/bedrock")
}

/// The artifact directory, locked for one build.
#[derive(Debug)]
pub(crate) struct ArtifactDir {
    pub path: PathBuf,
    app: PathBuf,
    _lock: File,
}

impl ArtifactDir {
    /// Creates the directory if necessary, waits until no other build uses it, and deletes the temporary files of builds
    /// that were killed.
    pub(crate) fn open(app: &App, observer: &dyn BuildObserver) -> Result<Self> {
        let path = artifact_dir(app);
        let folder = relative_path(&path, &app.root);
        fs::create_dir_all(&path)
            .map_err(|error| Error::io(format!("failed to create the folder `{folder}`"), &error))?;
        let failed = |error| Error::io(format!("failed to lock the folder `{folder}`"), &error);
        let lock = File::create(path.join(".lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                observer.waiting_for_other_build();
                lock.lock().map_err(failed)?;
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let artifact_dir = Self { path, app: app.root.clone(), _lock: lock };
        artifact_dir.delete_temporary_files();
        Ok(artifact_dir)
    }

    /// Returns the path of the zip file of an artifact, which may not exist yet.
    pub(crate) fn zip(&self, artifact: &Artifact) -> PathBuf {
        self.path.join(artifact.file())
    }

    /// Deletes the SBOM of an artifact that is replaced or deleted.
    pub(crate) fn delete_sbom(&self, artifact: &Artifact) {
        let _ = fs::remove_file(self.path.join(artifact.sbom_file()));
    }

    /// Creates a temporary folder to install dependencies into. It is deleted when the value is dropped.
    pub(crate) fn staging(&self) -> Result<TempDir> {
        let made = tempfile::Builder::new().prefix(STAGING).tempdir_in(&self.path);
        made.map_err(|error| {
            Error::io(format!("failed to create a folder in `{}`", relative_path(&self.path, &self.app)), &error)
        })
    }

    /// Deletes temporary files of earlier builds. Failures are ignored: they do not affect this build.
    fn delete_temporary_files(&self) {
        let below = |name: &str| fs::read_dir(self.path.join(name)).into_iter().flatten().flatten();
        for entry in ["", "workers", "layers"].into_iter().flat_map(below) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(STAGING) {
                let _ = fs::remove_dir_all(entry.path());
            } else if name.starts_with(".bedrock-pack-") || name.starts_with(DRAFT) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}
