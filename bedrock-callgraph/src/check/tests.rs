//! Calls and settings, and what is said of them.

use insta::assert_snapshot;

use super::{Level, check};
use crate::call_targets::CallTargets;
use crate::fixtures::{app, name, with_invokes};
use crate::node::{NodeName, SourceLine};
use crate::sources::WorkerCalls;
use bedrock_build::App;

fn place(line: usize) -> SourceLine {
    SourceLine { path: "workers/caller/main.py".to_owned(), line }
}

fn an_app() -> App {
    app("my_app", &["caller.py", "resizer.rs", "script.js", "system_fetcher.py"])
}

/// What is said when the worker `caller` calls these names, and computes others in these lines.
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
fn calls_of_workers_and_of_other_functions_are_fine() {
    assert_eq!(said(&an_app(), &["resizer", "caller", "my_app-dev-script", "other-dev-x"], &[]), "");
}

#[test]
fn an_unknown_worker_is_told_with_the_nearest_name() {
    assert_snapshot!(said(&an_app(), &["sytem_fetcher"], &[]), @"
    error: workers/caller/main.py:1: no worker named `sytem_fetcher` in this app
    help: a worker with a similar name exists: `system_fetcher`
    help: if it is another function, call it by its ARN
    ");
    assert_snapshot!(said(&an_app(), &["billing", "resizer", "billing", "billing"], &[]), @"
    error: workers/caller/main.py:1: no worker named `billing` in this app (and in 2 other places)
    help: create it with `cargo bedrock new worker billing.rs` (or `.py`, `.js`)
    help: if it is another function, call it by its ARN
    ");
}

#[test]
fn what_is_no_name_at_all_is_told() {
    assert_snapshot!(said(&an_app(), &["", "arn:aws:s3:::a\nb"], &[]), @r"
    error: workers/caller/main.py:1: `` is neither a worker nor the name or ARN of a function
    error: workers/caller/main.py:2: `arn:aws:s3:::a\nb` is neither a worker nor the name or ARN of a function
    ");
}

#[test]
fn a_computed_name_has_to_be_declared() {
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
fn a_declared_computed_name_is_fine_and_may_be_one_that_is_also_written() {
    for names in [&[][..], &["resizer"], &["resizer", "script"]] {
        assert_eq!(said(&with_invokes(an_app(), "caller", names), &["resizer"], &[14]), "");
    }
}

#[test]
fn a_declaration_that_the_code_contradicts_is_odd() {
    let app = with_invokes(an_app(), "caller", &["resizer", "script"]);
    assert_snapshot!(said(&app, &["resizer"], &[]), @"
    warning: `invokes` of worker `caller` lists `resizer`, whose name is written in its code
    help: take it out of `[package.metadata.bedrock.workers.caller]` in `Cargo.toml`
    warning: `invokes` of worker `caller` lists `script`, but no call in its code has a computed name
    help: take it out of `[package.metadata.bedrock.workers.caller]` in `Cargo.toml`
    ");
}

#[test]
fn rust_code_may_compute_names_that_nobody_sees() {
    let app = with_invokes(an_app(), "endpoint", &["resizer", "script"]);
    let call_targets = CallTargets::from_binary(&app, [&"resizer".to_owned()]);
    assert_snapshot!(shown(&app, &NodeName::Endpoint, &call_targets, &[]), @"
    warning: `invokes` of the endpoint lists `resizer`, whose name is written in its code
    help: take it out of `[package.metadata.bedrock.endpoint]` in `Cargo.toml`
    ");
}

#[test]
fn a_program_that_calls_a_worker_that_is_gone_is_an_old_one() {
    let call_targets = CallTargets::from_binary(&an_app(), [&"gone".to_owned()]);
    assert_snapshot!(shown(&an_app(), &NodeName::Endpoint, &call_targets, &[]), @"
    error: the program of the endpoint calls `gone`, which is not a worker of this app
    help: compile it again
    ");
}

#[test]
fn a_file_that_breaks_off_is_odd() {
    let script = NodeName::Worker(name("script"));
    let place = SourceLine { path: "workers/script/main.js".to_owned(), line: 7 };
    assert_snapshot!(shown(&an_app(), &script, &CallTargets::default(), &[place]), @"warning: workers/script/main.js:7: this is not understood as JavaScript, so calls from here on may be missing");
}
