//! Installs the dependencies of a worker on first use, and again when the files that list them change.

mod installer;
mod javascript;
mod locks;
mod python;
mod requirements;

use std::path::PathBuf;

use bedrock_build::Language;

pub(super) use installer::{Failure, Installation};

/// Installs the dependencies if that is necessary. Returns the folder that Python must search; it is empty if there is
/// none.
pub(super) async fn install_dependencies(installation: Installation<'_>) -> Result<PathBuf, Failure> {
    match installation.info.entry.language {
        Language::Python => python::install(&installation).await,
        _ => javascript::install(&installation).await.map(|()| PathBuf::new()),
    }
}
