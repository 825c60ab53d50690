//! Sample events by name: files of the app, and the built-in ones.

use std::path::Path;
use std::time::SystemTime;

use bedrock_build::{App, Worker};
use bedrock_dev::{ENDPOINT, HTTP_SAMPLE_NAMES, SAMPLE_NAMES, http_sample_event, sample_event};

use crate::payload::PayloadSource;
use bedrock_diagnostics::{Error, Result};

/// Folder of an app with events of its own.
const FOLDER: &str = "events";

/// Returns the event with this name as JSON. A file takes precedence over a built-in event. `worker` is `None` for the
/// endpoint.
pub(crate) fn read(app: &App, worker: Option<&Worker>, name: &str) -> Result<String> {
    let own_names = own_names(&app.root.join(FOLDER));
    if own_names.iter().any(|own| own == name) {
        let name = format!("{FOLDER}/{name}.json");
        return PayloadSource::File { path: app.root.join(&name), name }.read();
    }
    let now = SystemTime::now();
    let event = match worker {
        Some(worker) => sample_event(app, worker, name, now),
        None => http_sample_event(ENDPOINT, name, now),
    };
    event.map(|event| event.to_string()).ok_or_else(|| {
        let built_in: &[&str] = if worker.is_some() { &SAMPLE_NAMES } else { &HTTP_SAMPLE_NAMES };
        let names = built_in.iter().copied().chain(own_names.iter().map(String::as_str));
        let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        Error::call(format!("no sample event named `{}`", name.escape_debug()))
            .help(format!("choose one of {}, or create `{FOLDER}/{name}.json`", names.join(", ")))
    })
}

/// Returns the names of the events in a folder, sorted.
fn own_names(folder: &Path) -> Vec<String> {
    let name = |path: &Path| -> Option<String> {
        let is_json = path.extension().is_some_and(|extension| extension == "json") && path.is_file();
        is_json.then(|| path.file_stem()?.to_str().map(str::to_owned)).flatten()
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| name(&entry.path())).collect();
    names.sort();
    names
}
