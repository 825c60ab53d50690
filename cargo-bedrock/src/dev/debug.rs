//! `--debug`: which workers, where a debugger finds them, and what an editor has to be told. Writes nothing into the app.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};

use bedrock_build::{App, Language};
use bedrock_dev::debug::{Debuggers, Process};
use bedrock_dev::{ENDPOINT, Reload, Reloaded, Workshop};
use serde_json::{Value, json};

use crate::build::{CARGO_HOME, cargo_home};
use crate::print::Printer;
use bedrock_diagnostics::{Error, ExitKind, Result};

use super::show::Show;

/// Where debuggers of Python look, and those of Node.js; further workers get the ports behind.
const PYTHON: u16 = 5678;
const NODE: u16 = 9229;
/// What says whose processes a debugger may look at, and until which value those of the same user.
const PTRACE: &str = "/proc/sys/kernel/yama/ptrace_scope";

/// A worker that a debugger looks into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    worker: String,
    language: Language,
    /// Nothing for Rust, whose debugger takes the process itself.
    port: Option<u16>,
}

/// Those with these names, each once.
pub(super) fn targets(app: &App, names: &[String]) -> Result<Vec<Target>> {
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let (mut targets, mut taken) = (Vec::new(), BTreeSet::new());
    for name in names.iter().collect::<BTreeSet<_>>() {
        let language = if name == ENDPOINT { Language::Rust } else { known(app, name)? };
        let first = match language {
            Language::Python => Some(PYTHON),
            Language::JavaScript => Some(NODE),
            Language::Rust => None,
        };
        let free = first.map(|first| (first..u16::MAX).find(|port| !taken.contains(port) && is_free(*port)));
        let port = free.map(|port| port.ok_or_else(|| Error::call("no port is free for a debugger"))).transpose()?;
        taken.extend(port);
        targets.push(Target { worker: name.clone(), language, port });
    }
    Ok(targets)
}

fn known(app: &App, name: &str) -> Result<Language> {
    let found = app.worker(name).map(|worker| worker.language);
    found.map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))
}

/// Whether a debugger looks into programs that cargo makes.
pub(super) fn want_programs(targets: &[Target]) -> bool {
    targets.iter().any(|target| target.language == Language::Rust)
}

/// What a workshop has to know of them. A worker that is gone meanwhile is left out.
pub(super) fn debuggers(targets: &[Target], app: &App) -> Debuggers {
    let is_there = |target: &&Target| target.worker == ENDPOINT || app.worker(&target.worker).is_ok();
    targets.iter().filter(is_there).map(|target| (target.worker.clone(), target.port)).collect()
}

/// Starts them, says where a debugger finds each, and then waits for ever. What is missing on this machine is an error; a
/// worker that does not load is told, and is tried again when it is called or saved.
pub(super) async fn run(targets: &[Target], workshop: &Workshop, (show, print): (&Show, Printer)) -> Result<()> {
    for target in targets {
        match workshop.warm(&target.worker).await {
            Ok(process) => show.debugger(&target.worker, &target.entry(process.as_ref()), &hints(process.is_some())),
            // A program that does not compile yet comes with a later build.
            Err(bedrock::Error::NotStarted { worker, message, help }) if target.language != Language::Rust => {
                let error = Error::call(format!("worker `{worker}` cannot be debugged")).cause(message);
                return Err(help.into_iter().fold(error, Error::help));
            }
            Err(bedrock::Error::WorkerNotFound { .. }) => {}
            Err(error) => {
                show.debugger(&target.worker, &target.entry(None), &[]);
                print.warning(&error.to_string());
            }
        }
    }
    std::future::pending().await
}

/// Says where those are that a reload has moved.
pub(super) fn reloaded(targets: &[Target], workshop: &Workshop, show: &Show, reload: &Reload) {
    let Reload::Reloaded(Reloaded { workers, .. }) = reload else { return };
    for target in targets.iter().filter(|target| target.language == Language::Rust) {
        if workers.contains(&target.worker)
            && let Some(process) = workshop.process(&target.worker)
        {
            show.debugger(&target.worker, &target.entry(Some(&process)), &[]);
        }
    }
}

impl Target {
    /// For the `configurations` of `.vscode/launch.json`.
    fn entry(&self, process: Option<&Process>) -> Value {
        let name = format!("cargo bedrock dev: {}", self.worker);
        match self.language {
            Language::Python => json!({
                "name": name, "type": "debugpy", "request": "attach",
                "connect": { "host": "127.0.0.1", "port": self.port }, "justMyCode": true
            }),
            Language::JavaScript => json!({
                "name": name, "type": "node", "request": "attach", "address": "127.0.0.1", "port": self.port,
                // A reload is a new process at the same place.
                "restart": true, "skipFiles": ["<node_internals>/**"]
            }),
            Language::Rust => json!({
                "name": name, "type": "lldb", "request": "attach",
                "pid": process.map(|process| process.id),
                "program": process.map(|process| process.program.display().to_string()),
                // Dependencies are compiled as if they were here, so that programs are the same from every user's home.
                "sourceMap": cargo_home().map(|home| json!({ CARGO_HOME: home.display().to_string() }))
            }),
        }
    }
}

/// What else has to be done for a process that a debugger takes.
fn hints(is_process: bool) -> Vec<String> {
    let scope = std::fs::read_to_string(PTRACE).unwrap_or_default();
    if is_process && scope.trim().parse::<u8>().is_ok_and(|scope| scope > 0) {
        return vec![
            "this system lets a debugger look at what it has started alone; until the next start of the machine, \
             `sudo sysctl kernel.yama.ptrace_scope=0` changes that"
                .to_owned(),
        ];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::{Language, Process, Target};

    fn entry(language: Language, port: Option<u16>, process: Option<&Process>) -> String {
        Target { worker: "ranker".to_owned(), language, port }.entry(process).to_string()
    }

    #[test]
    fn an_entry_is_what_the_language_s_debugger_wants() {
        assert_eq!(
            entry(Language::Python, Some(5678), None),
            r#"{"connect":{"host":"127.0.0.1","port":5678},"justMyCode":true,"name":"cargo bedrock dev: ranker","request":"attach","type":"debugpy"}"#
        );
        let node = entry(Language::JavaScript, Some(9229), None);
        assert!(node.contains(r#""type":"node""#) && node.contains(r#""restart":true"#), "{node}");
        let process = Process { id: 42, program: "/app/ranker".into() };
        let rust = entry(Language::Rust, None, Some(&process));
        assert!(rust.contains(r#""pid":42,"program":"/app/ranker""#) && rust.contains(r#""type":"lldb""#), "{rust}");
        assert!(rust.contains(r#""sourceMap":{"/cargo":"/"#), "{rust}");
    }
}
