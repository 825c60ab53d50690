//! The settings of a function that are in force in a stage, and where each comes from: the stage's table, the table of all
//! stages, or a default.

use std::collections::BTreeMap;

use bedrock_build::settings::{Origin, STAGE_PLACEHOLDER};
use bedrock_build::{App, Runtime};
use serde::Serialize;

/// Tables whose entries are listed one by one.
const TABLES: [&str; 2] = ["env", "tags"];
/// A table whose entries are listed one by one, or a boolean. The app and a stage have it for all functions.
const ALARMS: &str = "alarms";

/// A setting of a function.
#[derive(Debug, Serialize)]
pub(crate) struct SettingInForce {
    /// As in `Cargo.toml`: `memory`, `env.MODE`.
    pub(crate) name: String,
    /// As it is written in `Cargo.toml`, in one line, with the name of the stage.
    pub(crate) value: String,
    /// `default`, or file and line.
    pub(crate) source: String,
    /// Whether it is one of the stage and not of all stages.
    pub(crate) is_of_stage: bool,
}

/// Returns the settings of the endpoint (`None`) or of a worker, sorted by name.
pub(crate) fn settings_in_force(app: &App, stage: &str, worker: Option<&str>) -> Vec<SettingInForce> {
    let path = worker.map_or("endpoint".to_owned(), |worker| format!("workers.{worker}"));
    let runtime = match worker.and_then(|worker| app.worker(worker).ok()) {
        Some(worker) => worker.runtime,
        None => app.endpoint_runtime,
    };
    let mut settings: BTreeMap<String, SettingInForce> = BTreeMap::new();
    let mut add = |name: &str, value: &str, source: &str, is_of_stage: bool| {
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ").replace(STAGE_PLACEHOLDER, stage);
        let setting = SettingInForce { name: name.to_owned(), value, source: source.to_owned(), is_of_stage };
        settings.insert(name.to_owned(), setting);
    };
    for (name, value) in defaults(runtime, worker.is_none()) {
        add(name, &value, "default", false);
    }
    if worker.is_none() {
        add("url", &app.settings.endpoint_in(stage).has_url().to_string(), "default", false);
    }
    match app.origins.get("architecture") {
        Some(Origin { location, text }) => add("architecture", text, location, false),
        None => add("architecture", &format!("\"{}\"", app.settings.architecture.as_str()), "default", false),
    }
    let of_all_functions = [(String::new(), false), (format!("stages.{stage}."), true)];
    let of_function = [(format!("{path}."), false), (format!("stages.{stage}.{path}."), true)];
    for (prefix, is_of_stage) in of_all_functions.iter().chain(&of_function) {
        let has_alarm_keys = app.origins.keys().any(|path| path.starts_with(&format!("{prefix}{ALARMS}.")));
        for (path, origin) in &app.origins {
            let Some(name) = path.strip_prefix(prefix).filter(|name| !TABLES.contains(name)) else { continue };
            let is_alarm = name == ALARMS || name.starts_with(&format!("{ALARMS}."));
            let is_of_function = of_function.iter().any(|(of_function, _)| of_function == prefix);
            if (is_of_function || is_alarm) && !(name == ALARMS && has_alarm_keys) {
                add(name, &origin.text, &origin.location, *is_of_stage);
            }
        }
    }
    settings.into_values().collect()
}

fn defaults(runtime: Runtime, is_endpoint: bool) -> Vec<(&'static str, String)> {
    let mut defaults = vec![
        ("log-retention", "30".to_owned()),
        ("memory", "256".to_owned()),
        ("runtime", format!("\"{}\"", runtime.id)),
        ("timeout", "30".to_owned()),
    ];
    if is_endpoint {
        defaults.push(("auth", "\"none\"".to_owned()));
    } else {
        defaults.push(("event-age", "21600".to_owned()));
        defaults.push(("recursion", "\"terminate\"".to_owned()));
        defaults.push(("retries", "2".to_owned()));
    }
    defaults
}

#[cfg(test)]
mod tests {
    use bedrock_build::FunctionSettings;

    #[test]
    fn listed_defaults_are_those_of_the_settings() {
        let FunctionSettings { log_retention, memory, timeout, event_age, retries, .. } = FunctionSettings::default();
        let runtime = bedrock_build::Runtime::default_of(bedrock_build::Language::Python);
        let listed: std::collections::BTreeMap<_, _> = super::defaults(runtime, false).into_iter().collect();
        for (name, value) in [
            ("log-retention", log_retention),
            ("memory", memory),
            ("timeout", timeout),
            ("event-age", event_age),
            ("retries", retries),
        ] {
            assert_eq!(listed[name], value.to_string(), "{name}");
        }
    }
}
