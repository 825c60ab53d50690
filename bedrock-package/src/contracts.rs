//! The contracts in the manifest: of each worker its own, and of each function the digests of the contracts that it was
//! built against.

use std::collections::BTreeMap;
use std::fs;

use bedrock_artifacts::Digest;
use bedrock_build::contract::{FILE_NAME, Source, read};
use bedrock_build::{App, Worker};
use bedrock_diagnostics::{Error, ExitKind, Result};
use serde::Serialize;
use serde_json::Value;

use super::artifact::{Artifact, Function};
use super::callees::Callees;
use super::context::BuiltArtifact;
use super::state::{BuildState, ContractDigests};

/// The contract of a worker.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ContractEntry {
    /// The digest of `contract.json`.
    pub(crate) sha256: String,
    /// The contents of the file.
    schema: Value,
}

/// The contracts of an app, by the names of their workers.
#[derive(Debug, Default)]
pub(crate) struct Contracts(BTreeMap<String, ContractEntry>);

impl Contracts {
    /// Reads the files of all workers.
    pub(crate) fn read(app: &App) -> Result<Self> {
        let mut contracts = BTreeMap::new();
        let mut problems = Vec::new();
        for worker in &app.workers {
            let path = format!("{}/{FILE_NAME}", worker.dir);
            let Ok(text) = fs::read_to_string(app.root.join(&path)) else { continue };
            match (read(&text, &Source::File(&path)), serde_json::from_str(&text)) {
                (Ok(_), Ok(schema)) => {
                    let sha256 = Digest::of(text.as_bytes()).to_string();
                    contracts.insert(worker.name.to_string(), ContractEntry { sha256, schema });
                }
                (Err(found), _) => problems.extend(found),
                (_, Err(error)) => return Err(Error::app(format!("failed to read `{path}`")).cause(error.to_string())),
            }
        }
        if problems.is_empty() { Ok(Self(contracts)) } else { Err(Error::problems(ExitKind::App, problems)) }
    }

    /// Returns the contract of a worker, or `None` if it has none.
    pub(crate) fn get(&self, worker: &str) -> Option<&ContractEntry> {
        self.0.get(worker)
    }

    /// Notes that the code of `built` was built against the contracts of today. Code that was not built in this run keeps
    /// what is known of it.
    pub(crate) fn note_built(&self, state: &mut BuildState, built: &mut [BuiltArtifact], callees: &Callees) {
        for built in built {
            let Artifact::Code(function) = &built.artifact else { continue };
            built.record.callee_contracts = self.digests(callees.get(function.name()));
            state.artifacts.insert(built.artifact.id(), built.record.clone());
        }
    }

    fn digests(&self, callees: Option<&Vec<String>>) -> ContractDigests {
        let digest = |worker: &String| Some((worker.clone(), self.get(worker)?.sha256.clone()));
        callees.into_iter().flatten().filter_map(digest).collect()
    }
}

/// The variable with which a worker checks its events and responses on Lambda.
const CHECK_VARIABLE: &str = "BEDROCK_CHECK_CONTRACTS";

/// Returns whether the settings of a stage have a worker check its contract on Lambda. Otherwise its zip needs neither the
/// contract nor what checks it.
pub(crate) fn are_checked(app: &App, worker: &Worker) -> bool {
    let of_stages = app.settings.stages.values().filter_map(|stage| stage.workers.get(worker.name.as_str()));
    let mut all = std::iter::once(&worker.settings).chain(of_stages);
    all.any(|settings| settings.environment.contains_key(CHECK_VARIABLE))
}

/// Returns the digests that the code of a function was built against.
pub(crate) fn built_against(function: &Function, state: &BuildState) -> ContractDigests {
    let record = state.artifacts.get(&Artifact::Code(function.clone()).id());
    record.map(|record| record.callee_contracts.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::Inputs;
    use crate::state::ArtifactRecord;
    use bedrock_build::WorkerName;

    const FILE: &str = r#"{"x-contract": 1, "properties": {"event": {"type": "integer"}}}"#;

    #[test]
    fn digests_are_those_of_the_files() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        write("Cargo.toml", "[package]\nname = \"shop\"\n[package.metadata.bedrock]\n");
        write("workers/a/main.py", "");
        write("workers/b/main.py", "");
        write("workers/a/contract.json", FILE);
        let app = App::open(root.path()).expect("an app");
        let contracts = Contracts::read(&app).expect("contracts");
        let digest = contracts.get("a").expect("a contract").sha256.clone();
        assert_eq!(digest.len(), 64);
        assert!(contracts.get("b").is_none());
        let callees = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(contracts.digests(Some(&callees)), BTreeMap::from([("a".to_owned(), digest.clone())]));
        write("workers/a/contract.json", &FILE.replace("integer", "number"));
        assert_ne!(Contracts::read(&app).expect("contracts").get("a").expect("a contract").sha256, digest);
        write("workers/a/contract.json", "{}");
        let error = Contracts::read(&app).expect_err("a problem");
        assert!(error.reports[0].message.starts_with("workers/a/contract.json:1: "), "{error:?}");
    }

    #[test]
    fn contracts_are_checked_if_a_stage_asks_for_it() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(root.path().join("workers/a")).expect("a folder");
        fs::write(root.path().join("workers/a/main.py"), "").expect("a file");
        for (settings, expected) in [
            ("", false),
            ("[package.metadata.bedrock.workers.a]\nenv = { MODE = \"1\" }\n", false),
            ("[package.metadata.bedrock.workers.a]\nenv = { BEDROCK_CHECK_CONTRACTS = \"1\" }\n", true),
            ("[package.metadata.bedrock.stages.dev.workers.a]\nenv = { BEDROCK_CHECK_CONTRACTS = \"1\" }\n", true),
            ("[package.metadata.bedrock.stages.dev.endpoint]\nenv = { BEDROCK_CHECK_CONTRACTS = \"1\" }\n", false),
        ] {
            let manifest = format!("[package]\nname = \"shop\"\n[package.metadata.bedrock]\n{settings}");
            fs::write(root.path().join("Cargo.toml"), manifest).expect("a file");
            let app = App::open(root.path()).expect("an app");
            assert_eq!(are_checked(&app, &app.workers[0]), expected, "{settings}");
        }
    }

    #[test]
    fn code_that_is_not_built_keeps_what_it_was_built_against() {
        let entry = ContractEntry { sha256: "new".to_owned(), schema: Value::Null };
        let contracts = Contracts(BTreeMap::from([("a".to_owned(), entry)]));
        let callees = Callees::from([
            ("endpoint".to_owned(), vec!["a".to_owned(), "untyped".to_owned()]),
            ("b".to_owned(), vec!["a".to_owned()]),
        ]);
        let digests = |digest: &str| BTreeMap::from([("a".to_owned(), digest.to_owned())]);
        let record = |callee_contracts| ArtifactRecord {
            inputs: Inputs::default(),
            zip: None,
            invokes: Vec::new(),
            callee_contracts,
            components: Vec::new(),
            has_sbom: false,
        };
        let of_worker = Function::Worker(WorkerName::parse("b").expect("a name"));
        let mut state = BuildState::default();
        state.artifacts.insert(Artifact::Code(of_worker.clone()).id(), record(digests("old")));
        let artifact = Artifact::Code(Function::Endpoint);
        let mut built = [BuiltArtifact { artifact, record: record(BTreeMap::new()), reasons: Vec::new() }];
        contracts.note_built(&mut state, &mut built, &callees);
        assert_eq!(built_against(&Function::Endpoint, &state), digests("new"));
        assert_eq!(built_against(&of_worker, &state), digests("old"));
    }
}
