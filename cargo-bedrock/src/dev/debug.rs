//! `--debug`: the workers with a debugger attached, their ports, and the configuration for an editor. Writes nothing to
//! the app's folder.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};

use bedrock_build::{App, Language};
use bedrock_dev::debug::{Debuggers, Process};
use bedrock_dev::{DevServer, ENDPOINT, ReloadOutcome, ReloadSuccess};
use serde_json::{Value, json};

use super::output::Output;
use crate::build::{CARGO_HOME, cargo_home};
use crate::ui::Printer;
use bedrock_diagnostics::{Error, ExitKind, Result};

/// Default port of debugpy. Further Python workers get the following ports.
const DEBUGPY_PORT: u16 = 5678;
/// Default port of Node.js's inspector. Further JavaScript workers get the following ports.
const NODE_INSPECTOR_PORT: u16 = 9229;
/// File of the kernel that says which processes a debugger may attach to. 0 allows all processes of the same user.
const PTRACE_SCOPE_FILE: &str = "/proc/sys/kernel/yama/ptrace_scope";

/// A function with a debugger attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DebugTarget {
    worker: String,
    language: Language,
    /// `None` for Rust, whose debugger attaches to the process itself.
    port: Option<u16>,
}

/// Returns a target for each name. Repeated names are ignored.
pub(super) fn targets(app: &App, names: &[String]) -> Result<Vec<DebugTarget>> {
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let mut targets = Vec::new();
    let mut used_ports = BTreeSet::new();
    for name in names.iter().collect::<BTreeSet<_>>() {
        let language = if name == ENDPOINT { Language::Rust } else { language_of(app, name)? };
        let first_port = match language {
            Language::Python => Some(DEBUGPY_PORT),
            Language::JavaScript => Some(NODE_INSPECTOR_PORT),
            Language::Rust => None,
        };
        let free_port =
            first_port.map(|first| (first..u16::MAX).find(|port| !used_ports.contains(port) && is_free(*port)));
        let no_port = || Error::call("no port is free for a debugger");
        let port = free_port.map(|port| port.ok_or_else(no_port)).transpose()?;
        used_ports.extend(port);
        targets.push(DebugTarget { worker: name.clone(), language, port });
    }
    Ok(targets)
}

fn language_of(app: &App, name: &str) -> Result<Language> {
    let language = app.worker(name).map(|worker| worker.language);
    language.map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))
}

/// Whether a target is a Rust program.
pub(super) fn has_rust_target(targets: &[DebugTarget]) -> bool {
    targets.iter().any(|target| target.language == Language::Rust)
}

/// Returns the debug ports for a dev server. Workers that no longer exist are left out.
pub(super) fn debuggers(targets: &[DebugTarget], app: &App) -> Debuggers {
    let exists = |target: &&DebugTarget| target.worker == ENDPOINT || app.worker(&target.worker).is_ok();
    targets.iter().filter(exists).map(|target| (target.worker.clone(), target.port)).collect()
}

/// Starts the targets, prints the configuration of each, and then waits for ever. Returns an error if this machine
/// lacks a tool. A worker that fails to load only causes a warning: it is started again when it is called or changed.
pub(super) async fn run(targets: &[DebugTarget], server: &DevServer, output: &Output, print: Printer) -> Result<()> {
    for target in targets {
        match server.warm(&target.worker).await {
            Ok(process) => {
                let hints = hints(process.is_some());
                output.debugger(&target.worker, &target.configuration(process.as_ref()), &hints);
            }
            // A program that does not compile yet is started after a later build.
            Err(bedrock_model::Error::NotStarted { worker, message, help }) if target.language != Language::Rust => {
                let error = Error::call(format!("worker `{worker}` cannot be debugged")).cause(message);
                return Err(help.into_iter().fold(error, Error::help));
            }
            Err(bedrock_model::Error::WorkerNotFound { .. }) => {}
            Err(error) => {
                output.debugger(&target.worker, &target.configuration(None), &[]);
                print.warning(&error.to_string());
            }
        }
    }
    std::future::pending().await
}

/// Prints the new configuration of each Rust target that a reload has restarted in another process.
pub(super) fn report_reload(targets: &[DebugTarget], server: &DevServer, output: &Output, reload: &ReloadOutcome) {
    let ReloadOutcome::Reloaded(ReloadSuccess { workers, .. }) = reload else { return };
    for target in targets.iter().filter(|target| target.language == Language::Rust) {
        if workers.contains(&target.worker)
            && let Some(process) = server.process(&target.worker)
        {
            output.debugger(&target.worker, &target.configuration(Some(&process)), &[]);
        }
    }
}

impl DebugTarget {
    /// Returns an entry for `configurations` of `.vscode/launch.json`.
    fn configuration(&self, process: Option<&Process>) -> Value {
        let name = format!("cargo bedrock dev: {}", self.worker);
        match self.language {
            Language::Python => json!({
                "name": name, "type": "debugpy", "request": "attach",
                "connect": { "host": "127.0.0.1", "port": self.port }, "justMyCode": true
            }),
            Language::JavaScript => json!({
                "name": name, "type": "node", "request": "attach", "address": "127.0.0.1", "port": self.port,
                // A reload starts a new process on the same port.
                "restart": true, "skipFiles": ["<node_internals>/**"]
            }),
            Language::Rust => json!({
                "name": name, "type": "lldb", "request": "attach",
                "pid": process.map(|process| process.id),
                "program": process.map(|process| process.program.display().to_string()),
                // Dependencies are compiled with a remapped path, so that programs do not depend on the user's home.
                "sourceMap": cargo_home().map(|home| json!({ CARGO_HOME: home.display().to_string() }))
            }),
        }
    }
}

/// Returns what else the user has to do before a debugger can attach to a process.
fn hints(is_process: bool) -> Vec<String> {
    let scope = std::fs::read_to_string(PTRACE_SCOPE_FILE).unwrap_or_default();
    if is_process && scope.trim().parse::<u8>().is_ok_and(|scope| scope > 0) {
        return vec![
            "this system only lets a debugger attach to processes that it has started; to allow it until the next reboot, \
             run `sudo sysctl kernel.yama.ptrace_scope=0`"
                .to_owned(),
        ];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::{DebugTarget, Language, Process};

    fn configuration(language: Language, port: Option<u16>, process: Option<&Process>) -> String {
        DebugTarget { worker: "ranker".to_owned(), language, port }.configuration(process).to_string()
    }

    #[test]
    fn configuration_matches_the_debugger_of_the_language() {
        assert_eq!(
            configuration(Language::Python, Some(5678), None),
            r#"{"connect":{"host":"127.0.0.1","port":5678},"justMyCode":true,"name":"cargo bedrock dev: ranker","request":"attach","type":"debugpy"}"#
        );
        let node = configuration(Language::JavaScript, Some(9229), None);
        assert!(node.contains(r#""type":"node""#) && node.contains(r#""restart":true"#), "{node}");
        let process = Process { id: 42, program: "/app/ranker".into() };
        let rust = configuration(Language::Rust, None, Some(&process));
        assert!(rust.contains(r#""pid":42,"program":"/app/ranker""#) && rust.contains(r#""type":"lldb""#), "{rust}");
        assert!(rust.contains(r#""sourceMap":{"/cargo":"/"#), "{rust}");
    }
}
