//! The graph of an app on disk with a worker of each language.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use object::write::Object;
use object::{Architecture, BinaryFormat, Endianness, SectionKind};

use super::{load_graph, may_reach_rust, reachable_workers};
use crate::fixtures::{app, name, with_invokes};
use crate::{NodeName, read_program_calls};
use bedrock_build::App;
use bedrock_build::settings::DurableSettings;

#[test]
fn graph_combines_programs_and_source_files() {
    let dir = tempfile::tempdir().expect("folder");
    let plain = app("my_app", &["counter.py", "ranker.rs", "script.js"]);
    let app = App { root: dir.path().to_owned(), ..with_invokes(plain, "script", &["counter"]) };
    let python = "from bedrock.workers.invoker import invoke\ninvoke('ranker', {})\ninvoke('rankr', {})\n";
    let javascript = "const { invoke } = require('./worker');\nexports.f = (name) => invoke(name);\n";
    for (path, text) in [("workers/counter/main.py", python), ("workers/script/main.js", javascript)] {
        fs::create_dir_all(dir.path().join(path).parent().expect("parent")).expect("folder");
        fs::write(dir.path().join(path), text).expect("file");
    }
    let mut program = Object::new(BinaryFormat::Elf, Architecture::Aarch64, Endianness::Little);
    program.add_section(Vec::new(), b".bedrock.invoke.script".to_vec(), SectionKind::Data);
    fs::write(dir.path().join("endpoint"), program.write().expect("ELF")).expect("file");

    let programs = BTreeMap::from([(NodeName::Endpoint, dir.path().join("endpoint"))]);
    let (graph, findings) =
        load_graph(&app, &read_program_calls(&programs, dir.path()).expect("readable")).expect("readable");
    let edges: Vec<String> =
        graph.edges.iter().map(|edge| format!("{} {} {}", edge.from, edge.to, edge.source.as_str())).collect();
    assert_eq!(edges, ["endpoint script code", "counter ranker code", "script counter settings"]);
    let messages: Vec<&str> = findings.iter().map(|finding| finding.problem.message.as_str()).collect();
    assert_eq!(messages, ["workers/counter/main.py:3: no worker named `rankr` in this app"]);
}

#[test]
fn durable_rust_worker_calls_in_its_program_and_by_its_context() {
    let dir = tempfile::tempdir().expect("folder");
    let mut app = App { root: dir.path().to_owned(), ..app("my_app", &["flow.rs", "mailer.py", "plain.rs"]) };
    let mailer = "fn f() { context.invoke(\"mailer\", 1) }\n";
    for (path, text) in [
        ("workers/flow/src/lib.rs", mailer),
        ("workers/flow/src/parts/deep.rs", "fn f() {\n context.invoke(\"mailr\", 1) }\n"),
        ("workers/flow/tests/flow.rs", "fn f() { context.invoke(\"gone\", 1) }\n"),
        ("workers/plain/src/lib.rs", mailer),
    ] {
        fs::create_dir_all(dir.path().join(path).parent().expect("parent")).expect("folder");
        fs::write(dir.path().join(path), text).expect("file");
    }
    let flow = app.workers.iter_mut().find(|worker| worker.name.as_str() == "flow").expect("a worker");
    flow.settings.durable = Some(DurableSettings { timeout: 60, retention: 1 });
    let rust = BTreeMap::from([(NodeName::Worker(name("flow")), BTreeSet::from(["plain".to_owned()]))]);
    let (graph, findings) = load_graph(&app, &rust).expect("readable");
    let edges: Vec<String> = graph.edges.iter().map(|edge| format!("{} {}", edge.from, edge.to)).collect();
    assert_eq!(edges, ["flow mailer", "flow plain"]);
    let messages: Vec<&str> = findings.iter().map(|finding| finding.problem.message.as_str()).collect();
    assert_eq!(messages, ["workers/flow/src/parts/deep.rs:2: no worker named `mailr` in this app"]);
}

#[test]
fn unreadable_program_is_named() {
    let dir = tempfile::tempdir().expect("folder");
    fs::write(dir.path().join("script"), "#!/bin/sh\n").expect("file");
    let of = |path: &str| {
        let programs = BTreeMap::from([(NodeName::Worker(name("a")), dir.path().join(path))]);
        read_program_calls(&programs, dir.path()).expect_err("unreadable").reports.remove(0)
    };
    let report = of("gone");
    assert_eq!(report.message, "failed to read the calls in the program `gone`");
    assert_eq!(report.causes, ["no such file or directory"]);
    let report = of("script");
    assert_eq!(report.message, "failed to read the calls in the program `script`");
    assert_eq!(report.help, ["calls can only be read from programs for Linux"]);
}

#[test]
fn rust_is_reachable_if_a_call_may_lead_there() {
    let invoke = "from bedrock.workers.invoker import invoke\n";
    let unknown = format!("{invoke}def f(name): invoke(name, {{}})\n");
    for (code, declared, expected) in [
        (String::new(), None, false),
        (format!("{invoke}invoke('script', {{}})\n"), None, false),
        (format!("{invoke}invoke('ranker', {{}})\n"), None, true),
        (format!("{invoke}invoke('helper', {{}})\n"), None, true),
        (unknown.clone(), None, true),
        (unknown.clone(), Some("script"), false),
        (unknown, Some("ranker"), true),
        (format!("{invoke}def (:\n"), None, true),
        ("import boto3\nboto3.client('lambda').invoke(FunctionName='x')\n".to_owned(), None, true),
        ("import boto3\nboto3.client('s3')\n".to_owned(), None, false),
    ] {
        let dir = tempfile::tempdir().expect("folder");
        let plain = app("my_app", &["counter.py", "ranker.rs", "script.js", "helper.py"]);
        let plain = match declared {
            Some(name) => with_invokes(plain, "counter", &[name]),
            None => plain,
        };
        let app = App { root: dir.path().to_owned(), ..plain };
        let helper = format!("{invoke}invoke('ranker', {{}})\n");
        let script = "const { invoke } = require('./worker');\ninvoke('script', {});\n";
        let files = [
            ("counter/main.py", code.as_str()),
            ("helper/main.py", &helper),
            ("script/main.js", script),
            ("script/worker.js", "exports.invoke = () => require('@aws-sdk/client-lambda');\n"),
        ];
        for (path, text) in files {
            let path = dir.path().join("workers").join(path);
            fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            fs::write(path, text).expect("file");
        }
        let worker = |name: &str| app.worker(name).expect("a worker");
        assert_eq!(may_reach_rust(&app, worker("counter")).expect("readable"), expected, "{code} {declared:?}");
        assert!(may_reach_rust(&app, worker("ranker")).expect("readable"));
        // Code behind a link is not read.
        fs::rename(dir.path().join("workers/script"), dir.path().join("script")).expect("moved");
        std::os::unix::fs::symlink("../script", dir.path().join("workers/script")).expect("a link");
        assert!(may_reach_rust(&app, worker("script")).expect("readable"));
    }
}

#[test]
fn reachable_workers_are_those_that_code_or_settings_name() {
    let dir = tempfile::tempdir().expect("folder");
    let plain = app("my_app", &["counter.py", "helper.py", "ranker.rs", "script.js", "other.py"]);
    let app = App { root: dir.path().to_owned(), ..with_invokes(plain, "ranker", &["script"]) };
    let calls = |name: &str| format!("from bedrock.workers.invoker import invoke\ninvoke('{name}', {{}})\n");
    for (path, text) in [
        ("counter/main.py", calls("helper").as_str()),
        ("helper/main.py", &calls("ranker")),
        ("other/main.py", &calls("counter")),
        ("script/main.js", ""),
    ] {
        let path = dir.path().join("workers").join(path);
        fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        fs::write(path, text).expect("file");
    }
    let reached = |name: &str| reachable_workers(&app, app.worker(name).expect("a worker")).expect("readable");
    assert_eq!(reached("counter"), ["counter", "helper", "ranker", "script"].map(str::to_owned).into());
    assert_eq!(reached("script"), ["script".to_owned()].into());
}
