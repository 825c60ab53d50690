//! What a build reports while it runs. The build itself prints nothing: `ui` implements the observer.

use std::fmt::Debug;
use std::path::Path;
use std::time::Duration;

use bedrock_artifacts::PackageSize;
use bedrock_diagnostics::Error;

use super::artifact::Artifact;
use super::state::ZipRecord;

/// Severity of a compiler message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The program does not compile.
    Error,
    /// The program compiles.
    Warning,
    /// A note or a help line of its own.
    Other,
}

/// One artifact of a finished build.
#[derive(Debug)]
pub struct ArtifactSummary {
    /// The artifact.
    pub artifact: Artifact,
    /// The zip file, or `None` for a layer without dependencies.
    pub zip: Option<ZipRecord>,
    /// False if the zip file of an earlier build was still current.
    pub is_rebuilt: bool,
    /// The largest packages in the zip file, the largest first. Empty unless the user asked for an explanation.
    pub largest_packages: Vec<PackageSize>,
}

/// Receives the progress of a build, from several threads.
pub trait BuildObserver: Debug + Sync {
    /// Another build holds the lock of the artifact directory, and this one waits for it.
    fn waiting_for_other_build(&self);

    /// The build starts, and will build `artifacts`.
    fn started(&self, app: &str, artifacts: &[Artifact]);

    /// Cargo reports what it is doing.
    fn status(&self, message: &str);

    /// Cargo has compiled `done` of `total` crates.
    fn compile_progress(&self, done: usize, total: usize);

    /// Cargo has been running for `took`, and has compiled `done` of `total` crates. `total` is 0 until cargo knows it.
    fn still_compiling(&self, done: usize, total: usize, took: Duration);

    /// A crate has been compiled.
    fn compiled(&self, name: &str);

    /// The compiler printed a message about a package. `text` is its rendering, with colours.
    fn compiler_message(&self, package: &str, severity: Severity, text: &str);

    /// An artifact is being built.
    fn building(&self, artifact: &Artifact);

    /// An artifact was rebuilt. `zip` is `None` for a layer that turned out to be empty.
    fn built(&self, artifact: &Artifact, zip: Option<&ZipRecord>, reasons: &[String], took: Duration);

    /// The SBOM of an artifact was written. `path` is relative to the artifact directory.
    fn sbom_written(&self, artifact: &Artifact, path: &str, components: usize);

    /// The Python modules of a layer were compiled to bytecode by an interpreter of a version such as `3.13.5`.
    fn compiled_bytecode(&self, artifact: &Artifact, version: &str, interpreter: &Path);

    /// An artifact did not have to be rebuilt.
    fn fresh(&self, artifact: &Artifact, zip: Option<&ZipRecord>);

    /// Something that the user should know, about `artifact` if it is `Some`.
    fn warning(&self, artifact: Option<&Artifact>, text: &str);

    /// An artifact could not be built, or the app if `artifact` is `None`.
    fn failed(&self, artifact: Option<&Artifact>, error: &Error);

    /// The second build of `--verify` starts, in `folder`.
    fn verifying(&self, folder: &Path);

    /// The artifacts of both builds were compared.
    fn verified(&self, artifacts: usize, differing: usize);

    /// The build ended.
    fn ended(&self, success: bool);

    /// The build succeeded with these artifacts. Called after [`BuildObserver::ended`].
    fn summary(&self, artifacts: &[ArtifactSummary]);
}
