//! The context of a build, and the code that all kinds of artifacts share: decide whether an artifact is current, audit its
//! binaries and write its zip file.

use std::time::Instant;

use bedrock_build::{App, Architecture, FunctionSettings, Runtime};
use tempfile::TempDir;

use super::artifact::{Artifact, Function};
use super::artifact_dir::ArtifactDir;
use super::component::Component;
use super::inputs::Inputs;
use super::observer::BuildObserver;
use super::plan::Request;
use super::state::{ArtifactRecord, BuildState, ContractDigests, ZipRecord};
use crate::tools::ToolRunner;
use bedrock_artifacts::audit::{FindingKind, LambdaBaseImage, Target, audit};
use bedrock_artifacts::{self as pack, Entry};
use bedrock_diagnostics::{Error, ExitKind, Result};

/// Name of the input that holds the processor architecture of an artifact.
pub(crate) const ARCHITECTURE: &str = "architecture";

/// Everything that one build needs.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) app: &'a App,
    pub(crate) request: &'a Request,
    pub(crate) folder: &'a ArtifactDir,
    /// The artifacts of earlier builds.
    pub(crate) known: &'a BuildState,
    pub(crate) observer: &'a dyn BuildObserver,
    pub(crate) tools: ToolRunner,
}

/// The files of an artifact. `temp_dir` is the folder that some of them were installed into; it is deleted when the zip
/// file has been written.
#[derive(Debug, Default)]
pub(crate) struct ArtifactContents {
    pub(crate) entries: Vec<Entry>,
    pub(crate) temp_dir: Option<TempDir>,
    /// The packages of others among them.
    pub(crate) components: Vec<Component>,
}

/// An artifact that is current.
#[derive(Debug)]
pub(crate) struct BuiltArtifact {
    pub(crate) artifact: Artifact,
    pub(crate) record: ArtifactRecord,
    /// Why it was rebuilt. Empty if the artifact of an earlier build was current.
    pub(crate) reasons: Vec<String>,
}

impl Context<'_> {
    /// Writes the zip file of an artifact with the files that `entries` returns, unless an earlier build made it from the
    /// same inputs. An artifact without files has no zip file.
    pub(crate) fn build_artifact(
        &self,
        artifact: &Artifact,
        mut inputs: Inputs,
        invokes: Vec<String>,
        entries: impl FnOnce() -> Result<ArtifactContents>,
    ) -> Result<BuiltArtifact> {
        self.tools.check()?;
        let (runtime, settings) = self.function(artifact);
        inputs.add(ARCHITECTURE, self.architecture(&artifact.function()).as_str());
        inputs.add("runtime", runtime.id);
        inputs.add("allow", settings.allow.join(", "));
        let started_at = Instant::now();
        let path = self.folder.zip(artifact);
        let reasons = match self.known.artifacts.get(&artifact.id()) {
            Some(record) => record.reasons(&inputs, &path),
            None => vec!["it was never built".to_owned()],
        };
        if let (true, Some(record)) = (reasons.is_empty(), self.known.artifacts.get(&artifact.id())) {
            let record = ArtifactRecord { invokes, ..record.clone() };
            self.observer.fresh(artifact, record.zip.as_ref());
            return Ok(BuiltArtifact { artifact: artifact.clone(), record, reasons });
        }
        self.observer.building(artifact);
        let ArtifactContents { entries, temp_dir: _temp_dir, components } = entries()?;
        self.tools.check()?;
        self.audit(artifact, &entries)?;
        self.folder.delete_sbom(artifact);
        let zip = if entries.is_empty() {
            // The worker has no layer any more: delete the one of an earlier build.
            let _ = std::fs::remove_file(&path);
            None
        } else {
            let packed = pack::pack(entries, &path, &self.app.root)?;
            if let Some(warning) = pack::zip_size_warning(&artifact.to_string(), packed.bytes) {
                self.observer.warning(Some(artifact), &warning);
            }
            Some(ZipRecord::of(&packed, &path))
        };
        self.observer.built(artifact, zip.as_ref(), &reasons, started_at.elapsed());
        let callee_contracts = ContractDigests::new();
        let record = ArtifactRecord { inputs, zip, invokes, callee_contracts, components, has_sbom: false };
        Ok(BuiltArtifact { artifact: artifact.clone(), record, reasons })
    }

    /// Returns an error if a binary in the artifact does not run on the Lambda runtime of the function.
    fn audit(&self, artifact: &Artifact, entries: &[Entry]) -> Result<()> {
        let (runtime, settings) = self.function(artifact);
        let target = Target {
            artifact: artifact.to_string(),
            architecture: self.architecture(&artifact.function()),
            base_image: LambdaBaseImage::for_runtime(runtime.id),
            allow: settings.allow.clone(),
            settings: artifact.function().settings_table(),
        };
        let mut findings = audit(entries, &target, &self.app.root)?;
        // Libraries that are missing may be in the layers of other accounts.
        if !settings.layers.is_empty() {
            findings.retain(|finding| !matches!(finding.kind, FindingKind::MissingLibraries { .. }));
        }
        if findings.is_empty() {
            return Ok(());
        }
        Err(Error { kind: ExitKind::App, reports: findings.iter().map(|finding| finding.report(&target)).collect() })
    }

    /// Returns the instruction set architecture that a function is built for.
    pub(crate) fn architecture(&self, function: &Function) -> Architecture {
        let settings = self.function(&Artifact::Code(function.clone())).1;
        self.request.architecture.unwrap_or_else(|| settings.architecture(self.app.settings.architecture))
    }

    /// Returns the Lambda runtime of a function.
    pub(crate) fn runtime(&self, function: &Function) -> Runtime {
        self.function(&Artifact::Code(function.clone())).0
    }

    fn function(&self, artifact: &Artifact) -> (Runtime, &FunctionSettings) {
        let worker = artifact.worker().and_then(|name| self.app.workers.iter().find(|worker| worker.name == *name));
        match worker {
            Some(worker) => (worker.runtime, &worker.settings),
            None => (self.app.endpoint_runtime, &self.app.settings.endpoint),
        }
    }
}
