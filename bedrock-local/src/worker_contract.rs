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

#[cfg(test)]
mod tests {
    use super::{ContractReply, WorkerContract, WorkerContracts, read_contract_reply, stale_contract};
    use bedrock_build::{Language, WorkerEntry};
    use std::fs;
    use std::sync::Arc;

    const FILE: &str =
        r#"{"x-contract": 1, "properties": {"event": {"type": "integer"}, "response": {"type": "string"}}}"#;

    fn entry() -> WorkerEntry {
        WorkerEntry {
            name: "w".to_owned(),
            language: Language::Python,
            dir: "workers/w".to_owned(),
            entry: "main.py".to_owned(),
            timeout: 30,
            memory: 256,
            runtime: "python3.13".to_owned(),
            krate: None,
            durable: None,
            is_isolated: false,
        }
    }

    #[test]
    fn code_is_compared_with_the_file() {
        let root = tempfile::tempdir().expect("a folder");
        let contract = WorkerContract::new(root.path(), "workers/w");
        let stale = |reply: &str| stale_contract(&entry(), &contract, reply.as_bytes());
        let number = r#"{"event": {"type": "number"}, "response": {"type": "string"}}"#;
        assert_eq!(stale(number), None, "there is no file");
        fs::create_dir_all(root.path().join("workers/w")).expect("a folder");
        fs::write(root.path().join("workers/w/contract.json"), FILE).expect("a file");
        for same in ["", "{}", r#"{"event": {"type": "integer"}, "response": {"type": "string"}}"#] {
            assert_eq!(stale(same), None, "{same}");
        }
        let message = "`workers/w/contract.json` is not the contract of `workers/w/main.py`: \
                       `event`: was `integer`, is `number`";
        assert_eq!(stale(number).as_deref(), Some(message));
        let problem =
            r#"{"problem": {"where": "event", "message": "`date` is not a type of JSON", "help": "write `str`"}}"#;
        assert_eq!(stale(problem).as_deref(), Some("workers/w/main.py: `event`: `date` is not a type of JSON"));
        fs::write(root.path().join("workers/w/contract.json"), "{").expect("a file");
        assert_eq!(stale("").as_deref(), Some("workers/w/contract.json:1: not JSON: the text ends too early"));
    }

    #[test]
    fn reply_of_a_host_is_untyped_typed_or_refused() {
        assert_eq!(read_contract_reply(b"", "main.py"), ContractReply::Untyped);
        assert!(matches!(read_contract_reply(br#"{"event": {}}"#, "main.py"), ContractReply::Typed(_)));
        for refused in [&b"{"[..], br#"{"event": 1}"#, b"\xff", br#"{"problem": 1}"#] {
            assert!(matches!(read_contract_reply(refused, "main.py"), ContractReply::Refused(_)), "{refused:?}");
        }
    }

    #[test]
    fn file_is_read_once_for_many_calls() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(root.path().join("workers/w")).expect("a folder");
        fs::write(root.path().join("workers/w/contract.json"), FILE).expect("a file");
        let contract = WorkerContract::new(root.path(), "workers/w");
        let current = || contract.current().expect("a file").expect("a contract");
        assert!(Arc::ptr_eq(&current(), &current()));
    }

    #[test]
    fn calls_are_checked_against_the_current_file() {
        let root = tempfile::tempdir().expect("a folder");
        let contracts = WorkerContracts::new(root.path().to_owned(), "workers".to_owned());
        assert_eq!(contracts.check_event("w", b"anything"), Ok(()));
        fs::create_dir_all(root.path().join("workers/w")).expect("a folder");
        let file = root.path().join("workers/w/contract.json");
        fs::write(&file, FILE).expect("a file");
        assert_eq!(contracts.check_event("w", b"1"), Ok(()));
        let error = contracts.check_event("w", b"\"1\"").expect_err("a violation");
        assert!(!error.may_have_run());
        assert_eq!(error.error_type(), "ContractViolation");
        let message =
            "the event for worker `w` is not that of its contract: `event`: expected an integer, found `\"1\"`";
        assert_eq!(error.to_string(), message);
        let error = contracts.check_response("w", b"1").expect_err("a violation");
        assert!(error.may_have_run());
        assert_eq!(error.error_type(), "ContractViolation");
        fs::write(&file, FILE.replace("integer", "number")).expect("a file");
        assert_eq!(contracts.check_event("w", b"1.5"), Ok(()));
        fs::remove_file(&file).expect("the file");
        assert_eq!(contracts.check_event("w", b"null"), Ok(()));
    }
}
