//! What every part of a build is given, and the one way in which a part becomes a zip or is found to be one already.

use std::time::Instant;

use bedrock_build::{App, Architecture, FunctionSettings, Runtime};
use tempfile::TempDir;

use super::folder::Folder;
use super::inputs::Inputs;
use super::part::{Function, Part};
use super::plan::Request;
use super::state::{Record, State, Zip};
use bedrock_artifacts::audit::{Base, Target, What, audit};
use bedrock_artifacts::{self as pack, Entry};
use crate::process::ToolRunner;
use crate::ui::BuildReporter;
use bedrock_diagnostics::{Error, ExitKind, Result};

/// The input that says for which processor a part is.
pub(crate) const ARCHITECTURE: &str = "architecture";

/// One build.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) app: &'a App,
    pub(crate) request: &'a Request,
    pub(crate) architecture: Architecture,
    pub(crate) folder: &'a Folder,
    /// What earlier builds made.
    pub(crate) known: &'a State,
    pub(crate) progress: &'a BuildReporter,
    pub(crate) tools: ToolRunner,
}

/// What goes into a zip, and the folder in which some of it was installed, which goes when the zip is made.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub(crate) entries: Vec<Entry>,
    pub(crate) room: Option<TempDir>,
}

/// A part that is as it should be.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) part: Part,
    pub(crate) record: Record,
    /// Why it was built; nothing if it was there.
    pub(crate) reasons: Vec<String>,
}

impl Context<'_> {
    /// Makes the part's zip of what `entries` gives, unless the same inputs have made it before. No entries, no zip.
    pub(crate) fn part(
        &self,
        part: &Part,
        mut inputs: Inputs,
        invokes: Vec<String>,
        entries: impl FnOnce() -> Result<Made>,
    ) -> Result<Outcome> {
        self.tools.check()?;
        let (runtime, settings) = self.function(part);
        inputs.add(ARCHITECTURE, self.architecture.as_str());
        inputs.add("runtime", runtime.id);
        inputs.add("allow", settings.allow.join(", "));
        let began = Instant::now();
        let path = self.folder.zip(part);
        let reasons = match self.known.parts.get(&part.id()) {
            Some(record) => record.reasons(&inputs, &path),
            None => vec!["it was never built".to_owned()],
        };
        if let (true, Some(record)) = (reasons.is_empty(), self.known.parts.get(&part.id())) {
            let record = Record { invokes, ..record.clone() };
            self.progress.fresh(part, record.zip.as_ref());
            return Ok(Outcome { part: part.clone(), record, reasons });
        }
        self.progress.building(part);
        let Made { entries, room: _room } = entries()?;
        self.tools.check()?;
        self.audit(part, &entries)?;
        let zip = if entries.is_empty() {
            // What an earlier build left is no layer of this worker any more.
            let _ = std::fs::remove_file(&path);
            None
        } else {
            let packed = pack::pack(entries, &path, &self.app.root)?;
            if let Some(warning) = pack::zipped(&part.to_string(), packed.bytes) {
                self.progress.warning(Some(part), &warning);
            }
            Some(Zip::of(&packed, &path))
        };
        self.progress.built(part, zip.as_ref(), &reasons, began.elapsed());
        Ok(Outcome { part: part.clone(), record: Record { inputs, zip, invokes }, reasons })
    }

    /// An error if something in the artifact would not run where it is going to.
    fn audit(&self, part: &Part, entries: &[Entry]) -> Result<()> {
        let (runtime, settings) = self.function(part);
        let target = Target {
            artifact: part.to_string(),
            architecture: self.architecture,
            base: Base::of_runtime(runtime.id),
            allow: settings.allow.clone(),
            settings: part.function().settings_table(),
        };
        let mut findings = audit(entries, &target, &self.app.root)?;
        // Layers from elsewhere may have whatever is missing here.
        if !settings.layers.is_empty() {
            findings.retain(|finding| !matches!(finding.what, What::MissingLibraries { .. }));
        }
        if findings.is_empty() {
            return Ok(());
        }
        Err(Error { kind: ExitKind::App, reports: findings.iter().map(|finding| finding.report(&target)).collect() })
    }

    /// What a function runs on.
    pub(crate) fn runtime(&self, function: &Function) -> Runtime {
        self.function(&Part::Code(function.clone())).0
    }

    fn function(&self, part: &Part) -> (Runtime, &FunctionSettings) {
        let worker = part.worker().and_then(|name| self.app.workers.iter().find(|worker| worker.name == *name));
        match worker {
            Some(worker) => (worker.runtime, &worker.settings),
            None => (self.app.endpoint_runtime, &self.app.settings.endpoint),
        }
    }
}
