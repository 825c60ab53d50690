//! Apps for tests, in memory alone.

use std::path::PathBuf;

use bedrock_build::{App, AppName, FunctionSettings, Language, Runtime, Settings, Worker, WorkerName};

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
