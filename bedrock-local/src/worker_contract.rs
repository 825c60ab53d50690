//! A worker's `contract.json` where the worker runs: events and responses are checked against it, and so are the types
//! of the worker's code when it is loaded. A worker without the file is not checked.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bedrock_build::contract::{Contract, FILE_NAME, Root, Source, differences, json, read, read_file, validate_text};
use bedrock_build::{Problem, WorkerEntry};
use bedrock_model::Error;

/// The environment variable with which a host sends the types of its worker when it is ready.
pub const CONTRACT_VARIABLE: &str = "BEDROCK_CONTRACT";

/// The error type of a response that is not the one of the contract.
const VIOLATION: &str = "ContractViolation";

/// How many differences between code and file a message has.
const MAX_SHOWN_DIFFERENCES: usize = 5;

/// How to write the file again.
pub(crate) const UPDATE_HELP: &str = "run `cargo bedrock contracts`";

/// The file of one worker, which is read again after each change.
#[derive(Debug)]
pub(crate) struct WorkerContract {
    dir: PathBuf,
    display_path: String,
    last_read: Mutex<Option<LastRead>>,
}

#[derive(Debug, Clone)]
struct LastRead {
    version: FileVersion,
    contract: Result<Arc<Contract>, String>,
}

/// What changes when the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileVersion {
    modified: SystemTime,
    bytes: u64,
}

impl WorkerContract {
    pub(crate) fn new(root: &Path, dir: &str) -> Self {
        let display_path = format!("{dir}/{FILE_NAME}");
        Self { dir: root.join(dir), display_path, last_read: Mutex::default() }
    }

    pub(crate) fn exists(&self) -> bool {
        self.dir.join(FILE_NAME).is_file()
    }

    /// Returns the contract, the reason why it cannot be read, or `None` without a file.
    fn current(&self) -> Option<Result<Arc<Contract>, String>> {
        let metadata = std::fs::metadata(self.dir.join(FILE_NAME)).ok()?;
        let version = FileVersion { modified: metadata.modified().ok()?, bytes: metadata.len() };
        let mut last_read = self.last_read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = last_read.as_ref().filter(|known| known.version == version) {
            return Some(known.contract.clone());
        }
        let contract = match read_file(&self.dir, &self.display_path) {
            Ok(contract) => Ok(Arc::new(contract?)),
            Err(problems) => {
                Err(problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; "))
            }
        };
        *last_read = Some(LastRead { version, contract: contract.clone() });
        Some(contract)
    }

    fn violations(&self, root: Root, text: &[u8]) -> Option<String> {
        let contract = match self.current()? {
            Ok(contract) => contract,
            Err(message) => return Some(message),
        };
        let violations = validate_text(&contract, root, text);
        let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
        (!lines.is_empty()).then(|| lines.join("; "))
    }

    /// Checks an event before the worker gets it.
    pub(crate) fn check_event(&self, worker: &str, event: &[u8]) -> Result<(), Error> {
        match self.violations(Root::Event, event) {
            Some(message) => Err(Error::ContractViolation { worker: worker.to_owned(), message }),
            None => Ok(()),
        }
    }

    /// Checks a response of the worker.
    pub(crate) fn check_response(&self, worker: &str, response: &[u8]) -> Result<(), Error> {
        match self.violations(Root::Response, response) {
            Some(message) => {
                let message = format!("the response is not that of the contract: {message}");
                let error_type = VIOLATION.to_owned();
                Err(Error::Function { worker: worker.to_owned(), error_type, message, trace: Vec::new() })
            }
            None => Ok(()),
        }
    }
}

/// The contracts of an app for a program that runs its Rust workers itself: the dev server.
#[derive(Debug)]
pub struct WorkerContracts {
    root: PathBuf,
    workers_dir: String,
    contracts: Mutex<HashMap<String, Arc<WorkerContract>>>,
}

impl WorkerContracts {
    /// Returns the contracts of the workers in `workers_dir`, which are read when they are needed.
    pub fn new(root: PathBuf, workers_dir: String) -> Self {
        Self { root, workers_dir, contracts: Mutex::default() }
    }

    /// Checks an event before the worker gets it.
    pub fn check_event(&self, worker: &str, event: &[u8]) -> Result<(), Error> {
        self.of(worker).check_event(worker, event)
    }

    /// Checks a response of the worker.
    pub fn check_response(&self, worker: &str, response: &[u8]) -> Result<(), Error> {
        self.of(worker).check_response(worker, response)
    }

    fn of(&self, worker: &str) -> Arc<WorkerContract> {
        let mut contracts = self.contracts.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(WorkerContract::new(&self.root, &format!("{}/{worker}", self.workers_dir)));
        Arc::clone(contracts.entry(worker.to_owned()).or_insert_with(new))
    }
}

/// What a host has sent about the types of its worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContractReply {
    /// The code says nothing about types.
    Untyped,
    /// The contract of the code, without the root that the code says nothing about.
    Typed(Box<Contract>),
    /// A type that a contract cannot have: what is wrong, and what to write instead.
    Refused(Vec<Problem>),
}

/// Reads what a host has sent. `path` is the path of the worker's code in messages.
pub fn read_contract_reply(reply: &[u8], path: &str) -> ContractReply {
    let text = String::from_utf8_lossy(reply);
    let parsed = if text.is_empty() { json::parse("{}") } else { json::parse(&text) };
    let node = match parsed {
        Ok(node) => node,
        Err(error) => {
            return ContractReply::Refused(vec![Problem::new(format!("{path}: {error}"))]);
        }
    };
    if let Some(problem) = node.get("problem") {
        let part = |name: &str| problem.get(name).and_then(json::Node::as_str).unwrap_or_default().to_owned();
        let message = format!("{path}: `{}`: {}", part("where"), part("message"));
        return ContractReply::Refused(vec![Problem::new(message).help(part("help"))]);
    }
    if node.get("event").is_none() && node.get("response").is_none() {
        return ContractReply::Untyped;
    }
    match read(&text, &Source::Code(path)) {
        Ok(contract) => ContractReply::Typed(Box::new(contract)),
        Err(problems) => ContractReply::Refused(problems),
    }
}

/// Returns what is wrong if the types of a worker's code, of which the host has sent `reply`, are not those of the file.
pub(crate) fn stale_contract(entry: &WorkerEntry, contract: &WorkerContract, reply: &[u8]) -> Option<String> {
    let file = contract.current()?;
    let code_path = format!("{}/{}", entry.dir, entry.entry);
    match (read_contract_reply(reply, &code_path), file) {
        (ContractReply::Untyped, Ok(_)) => None,
        (_, Err(message)) => Some(message),
        (ContractReply::Refused(problems), _) => problems.first().map(|problem| problem.message.clone()),
        (ContractReply::Typed(code), Ok(file)) => {
            let lines = differences(&file, &code);
            if lines.is_empty() {
                return None;
            }
            let shown = lines.iter().take(MAX_SHOWN_DIFFERENCES).cloned().collect::<Vec<_>>().join("; ");
            Some(format!("`{}` is not the contract of `{code_path}`: {shown}", contract.display_path))
        }
    }
}
