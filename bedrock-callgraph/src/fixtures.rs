//! Apps and graphs for tests, in memory only.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bedrock_build::triggers::{
    BucketTrigger, BusTrigger, FilterScope, ObjectEvent, ScheduleTrigger, TopicTrigger, TriggerSource,
};
use bedrock_build::uses::{ResourceKind, ResourceUse};
use bedrock_build::{
    App, AppName, FunctionSettings, Language, Runtime, Schedule, Settings, Trigger, Use, Worker, WorkerName,
};

use super::call_targets::CallTargets;
use super::model::Graph;
use super::node::{NodeName, SourceLine};
use super::sources::WorkerCalls;

/// An app with a worker for each file name like `resizer.py`.
pub(crate) fn app(name: &str, workers: &[&str]) -> App {
    let mut workers: Vec<Worker> = workers.iter().map(|file| worker(file)).collect();
    workers.sort_by(|a, b| a.name.cmp(&b.name));
    App {
        name: AppName::parse(name).expect("an app's name"),
        root: PathBuf::from("/nowhere"),
        settings: Settings::default(),
        workers,
        endpoint_runtime: Runtime::default_of(Language::Rust),
        dotenv: BTreeMap::new(),
        origins: bedrock_build::settings::Origins::new(),
        unfinished: Vec::new(),
    }
}

/// The same app with `invokes` of one of its workers, or of `endpoint`.
pub(crate) fn with_invokes(mut app: App, caller: &str, names: &[&str]) -> App {
    let settings = FunctionSettings {
        invokes: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..FunctionSettings::default()
    };
    match app.workers.iter_mut().find(|worker| worker.name.as_str() == caller) {
        Some(worker) => {
            worker.settings = settings.clone();
            app.settings.workers.insert(caller.to_owned(), settings);
        }
        None => app.settings.endpoint = settings,
    }
    app
}

pub(crate) fn name(worker: &str) -> WorkerName {
    WorkerName::parse(worker).expect("a worker's name")
}

fn worker(file: &str) -> Worker {
    let (stem, extension) = file.split_once('.').expect("an extension");
    let (language, entry) = match extension {
        "py" => (Language::Python, "main.py"),
        "js" => (Language::JavaScript, "main.js"),
        _ => (Language::Rust, "Cargo.toml"),
    };
    Worker {
        name: name(stem),
        language,
        dir: format!("workers/{stem}"),
        entry,
        runtime: Runtime::default_of(language),
        settings: FunctionSettings::default(),
    }
}

/// Calls written as `caller: callee callee`; a `?` is a computed name. Line 1 of the caller's file is its first call.
pub(crate) fn call_targets(app: &App, calls: &[&str]) -> BTreeMap<NodeName, CallTargets> {
    let of = |line: &&str| {
        let (caller, names) = line.split_once(':').expect("caller");
        let mut calls = WorkerCalls::default();
        for (at, name) in names.split_whitespace().enumerate() {
            let place = SourceLine { path: format!("{caller}.py"), line: at + 1 };
            match name {
                "?" => calls.computed.push(place),
                name => calls.named.push((place, name.to_owned())),
            }
        }
        let caller = if caller == "endpoint" { NodeName::Endpoint } else { NodeName::Worker(name(caller)) };
        (caller, CallTargets::from_sources(app, &calls))
    };
    calls.iter().map(of).collect()
}

/// A graph with resources that two functions use, and triggers of a worker.
pub(crate) fn graph_with_resources() -> Graph {
    let mut app = app("my_app", &["resizer.rs", "thumbnailer.js"]);
    app.settings.endpoint.uses = Some(vec![uses(ResourceKind::Table, "orders", "read")]);
    app.workers[0].settings.uses = Some(vec![
        uses(ResourceKind::Bucket, "uploads", "read"),
        uses(ResourceKind::Table, "orders", "write"),
        uses(ResourceKind::Table, "orders", "read"),
        Use::Statement("{}".to_owned()),
    ]);
    let topic = TriggerSource::Own("alerts".to_owned());
    let schedule = Schedule::parse("rate(1 day)").expect("a schedule");
    app.workers[1].settings.triggers = vec![
        Trigger::Topic(TopicTrigger { topic, filter: None, filter_scope: FilterScope::Attributes }),
        Trigger::Bus(BusTrigger { bus: TriggerSource::Own("orders".to_owned()), pattern: "{}".to_owned() }),
        Trigger::Bus(BusTrigger { bus: TriggerSource::Own("orders".to_owned()), pattern: "{ }".to_owned() }),
        Trigger::Schedule(ScheduleTrigger { schedule, timezone: "UTC".to_owned(), event: None }),
        Trigger::Bucket(BucketTrigger {
            bucket: TriggerSource::Own("uploads".to_owned()),
            prefix: String::new(),
            suffix: String::new(),
            folder: None,
            events: vec![ObjectEvent::Created],
        }),
    ];
    Graph::new(&app, &call_targets(&app, &["endpoint: resizer thumbnailer", "thumbnailer: resizer"]))
}

fn uses(kind: ResourceKind, name: &str, word: &str) -> Use {
    let access = kind.accesses().find(|access| access.word == word).expect("a word");
    Use::Resource(ResourceUse { kind, name: name.to_owned(), access, key: None })
}

/// A graph with every feature: every language, a call from the settings, a cycle, a recursive call, another function, and a
/// worker without calls.
pub(crate) fn sample_graph() -> Graph {
    let workers = ["system_fetcher.py", "thumbnailer.js", "resizer.rs", "nightly_report.py", "legacy.js"];
    let app = with_invokes(app("my_app", &workers), "thumbnailer", &["system_fetcher"]);
    let calls = [
        "endpoint: resizer system_fetcher",
        "resizer: thumbnailer",
        "thumbnailer: resizer ?",
        "nightly_report: nightly_report arn:aws:lambda:eu-west-1:123456789012:function:billing system_fetcher",
    ];
    Graph::new(&app, &call_targets(&app, &calls))
}

/// Returns a realistic graph with that many workers. It is always the same.
pub(crate) fn large_graph(workers: usize) -> Graph {
    const NOUNS: [&str; 8] = ["order", "invoice", "image", "user", "report", "search", "mail", "stock"];
    const SUFFIXES: [&str; 8] =
        ["fetcher", "writer", "indexer", "cleaner", "notifier", "validator", "exporter", "ranker"];
    let names: Vec<String> =
        (0..workers).map(|at| format!("{}_{}", NOUNS[at % 8], SUFFIXES[(at / 8 + at) % 8])).collect();
    let files: Vec<String> =
        names.iter().enumerate().map(|(at, name)| format!("{name}.{}", ["rs", "py", "js"][at * 7 % 3])).collect();
    let app = app("shop", &files.iter().map(String::as_str).collect::<Vec<_>>());
    let mut seed = 7_usize;
    let mut next = |below: usize| {
        seed = seed * 1_103_515_245 % 2_147_483_647 + 12345;
        seed / 7 % below
    };
    let mut calls = vec![format!("endpoint: {}", names[..workers.div_ceil(3)].join(" "))];
    for (at, name) in names.iter().enumerate() {
        let behind = &names[(at + 1).min(workers - 1)..];
        let mut callees: Vec<&str> = (0..next(3)).map(|_| behind[next(behind.len().min(14))].as_str()).collect();
        if next(14) == 0 {
            callees.push(&names[next(at + 1)]);
        }
        calls.push(format!("{name}: {}", callees.join(" ")));
    }
    Graph::new(&app, &call_targets(&app, &calls.iter().map(String::as_str).collect::<Vec<_>>()))
}
