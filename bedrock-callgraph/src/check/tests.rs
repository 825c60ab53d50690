//! Errors and warnings about calls, and about the `invokes` of the settings.

use insta::assert_snapshot;

use super::{Level, check};
use crate::call_targets::CallTargets;
use crate::fixtures::{app, name, with_invokes};
use crate::node::{NodeName, SourceLine};
use crate::sources::WorkerCalls;
use bedrock_build::App;
use bedrock_build::settings::DurableSettings;

fn place(line: usize) -> SourceLine {
    SourceLine { path: "workers/caller/main.py".to_owned(), line }
}

fn an_app() -> App {
    app("my_app", &["caller.py", "resizer.rs", "script.js", "system_fetcher.py"])
}

/// Returns the findings if the worker `caller` calls `names`, and has calls with a computed name in the lines `computed`.
fn said(app: &App, names: &[&str], computed: &[usize]) -> String {
    let calls = WorkerCalls {
        named: names.iter().enumerate().map(|(at, name)| (place(at + 1), (*name).to_owned())).collect(),
        computed: computed.iter().map(|line| place(*line)).collect(),
        unreadable: Vec::new(),
    };
    shown(app, &NodeName::Worker(name("caller")), &CallTargets::from_sources(app, &calls), &[])
}

fn shown(app: &App, caller: &NodeName, calls: &CallTargets, unreadable: &[SourceLine]) -> String {
    let findings = check(app, caller, calls, unreadable).into_iter().map(|finding| {
        let level = if finding.level == Level::Error { "error" } else { "warning" };
        let help = finding.problem.help.iter().map(|line| format!("help: {line}"));
        let lines: Vec<String> = std::iter::once(format!("{level}: {}", finding.problem.message)).chain(help).collect();
        lines.join("\n")
    });
    findings.collect::<Vec<_>>().join("\n")
}

#[test]
fn calls_of_workers_and_of_other_functions_pass() {
    assert_eq!(said(&an_app(), &["resizer", "caller", "my_app-dev-script", "other-dev-x"], &[]), "");
}

#[test]
fn unknown_worker_is_reported_with_the_nearest_name() {
    assert_snapshot!(said(&an_app(), &["sytem_fetcher"], &[]), @"
    error: workers/caller/main.py:1: no worker named `sytem_fetcher` in this app
    help: a worker with a similar name exists: `system_fetcher`
    help: if it is another function, call it by its ARN
    ");
    assert_snapshot!(said(&an_app(), &["billing", "resizer", "billing", "billing"], &[]), @"
    error: workers/caller/main.py:1: no worker named `billing` in this app (and in 2 other places)
    help: create it with `cargo bedrock new worker billing.rs` (or `.py`, `.js`, `.ts`)
    help: if it is another function, call it by its ARN
    ");
}

#[test]
fn invalid_worker_name_is_reported() {
    assert_snapshot!(said(&an_app(), &["", "arn:aws:s3:::a\nb"], &[]), @r"
    error: workers/caller/main.py:1: `` is neither a worker nor the name or ARN of a function
    error: workers/caller/main.py:2: `arn:aws:s3:::a\nb` is neither a worker nor the name or ARN of a function
    ");
}

#[test]
fn computed_name_must_be_declared() {
    assert_snapshot!(said(&an_app(), &["resizer"], &[14]), @r#"
    error: workers/caller/main.py:14: worker `caller` computes the name that it calls here, and no setting says which workers that may be
    help: add to `Cargo.toml`, `[]` for none of this app's workers:
    [package.metadata.bedrock.workers.caller]
    invokes = ["NAME"]
    "#);
    let mut app = an_app();
    app.settings.workers.insert("caller".to_owned(), bedrock_build::FunctionSettings::default());
    assert_snapshot!(said(&app, &[], &[14, 15]), @r#"
    error: workers/caller/main.py:14: worker `caller` computes the name that it calls here, and no setting says which workers that may be (and in another place)
    help: add to its table in `Cargo.toml`, `[]` for none of this app's workers:
    [package.metadata.bedrock.workers.caller]
    invokes = ["NAME"]
    "#);
}

#[test]
fn declared_computed_names_pass() {
    for names in [&[][..], &["resizer"], &["resizer", "script"]] {
        assert_eq!(said(&with_invokes(an_app(), "caller", names), &["resizer"], &[14]), "");
    }
}

#[test]
fn declaration_that_contradicts_the_code_gives_a_warning() {
    let app = with_invokes(an_app(), "caller", &["resizer", "script"]);
    assert_snapshot!(said(&app, &["resizer"], &[]), @"
    warning: `invokes` of worker `caller` lists `resizer`, whose name is written in its code
    help: take it out of `[package.metadata.bedrock.workers.caller]` in `Cargo.toml`
    warning: `invokes` of worker `caller` lists `script`, but no call in its code has a computed name
    help: take it out of `[package.metadata.bedrock.workers.caller]` in `Cargo.toml`
    ");
}

#[test]
fn durable_worker_may_declare_calls_that_are_not_found() {
    let mut app = with_invokes(an_app(), "caller", &["resizer", "script"]);
    let caller = app.workers.iter_mut().find(|worker| worker.name.as_str() == "caller").expect("a worker");
    caller.settings.durable = Some(DurableSettings { timeout: 60, retention: 1 });
    assert_snapshot!(said(&app, &["resizer"], &[]), @"
    warning: `invokes` of worker `caller` lists `resizer`, whose name is written in its code
    help: take it out of `[package.metadata.bedrock.workers.caller]` in `Cargo.toml`
    ");
}

#[test]
fn rust_code_may_compute_declared_names() {
    let app = with_invokes(an_app(), "endpoint", &["resizer", "script"]);
    let call_targets = CallTargets::from_binary(&app, [&"resizer".to_owned()]);
    assert_snapshot!(shown(&app, &NodeName::Endpoint, &call_targets, &[]), @"
    warning: `invokes` of the endpoint lists `resizer`, whose name is written in its code
    help: take it out of `[package.metadata.bedrock.endpoint]` in `Cargo.toml`
    ");
}

#[test]
fn program_that_calls_a_missing_worker_is_outdated() {
    let call_targets = CallTargets::from_binary(&an_app(), [&"gone".to_owned()]);
    assert_snapshot!(shown(&an_app(), &NodeName::Endpoint, &call_targets, &[]), @"
    error: the program of the endpoint calls `gone`, which is not a worker of this app
    help: compile it again
    ");
}

#[test]
fn truncated_file_gives_a_warning() {
    let script = NodeName::Worker(name("script"));
    let place = SourceLine { path: "workers/script/main.js".to_owned(), line: 7 };
    assert_snapshot!(shown(&an_app(), &script, &CallTargets::default(), &[place]), @"warning: workers/script/main.js:7: this is not understood as JavaScript, so calls from here on may be missing");
}
