//! The settings of an app: the table `[package.metadata.bedrock]`. An unknown key or a wrong value is reported with
//! file and line.

mod arn;
mod destination;
mod durable;
mod function;
mod function_reader;
mod json;
mod reader;
mod trigger_conflicts;
mod trigger_reader;
pub mod triggers;

use std::collections::BTreeMap;

use crate::architecture::Architecture;
use crate::manifest::Table;
use crate::name::WorkerName;
use crate::problem::Problem;
pub use destination::Destination;
pub use durable::DurableSettings;
pub use function::{Auth, FunctionSettings, RecursiveLoop, Secret};
use function_reader::ENDPOINT_KEYS;
use reader::{Reader, is_inside_app, set};
use trigger_conflicts::trigger_conflicts;

const APP_KEYS: &[&str] = &["architecture", "endpoint", "workers", "workers-dir"];

/// The settings of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The workers folder, relative to the app. Default `workers`.
    pub workers_dir: String,
    /// The instruction set architecture of all functions of the app.
    pub architecture: Architecture,
    /// The settings of the endpoint.
    pub endpoint: FunctionSettings,
    /// The settings of the workers that have a table.
    pub workers: BTreeMap<String, FunctionSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers_dir: "workers".to_owned(),
            architecture: Architecture::default(),
            endpoint: FunctionSettings::default(),
            workers: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Reads the table `[package.metadata.bedrock]`. Returns all problems at once.
    pub(crate) fn read(table: Table<'_>) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader { table, problems: Vec::new(), triggers: Vec::new() };
        let mut settings = Self::default();
        for (key, span, value) in table.entries() {
            match key {
                "architecture" => {
                    let choices = Architecture::ALL.map(|architecture| (architecture.as_str(), architecture));
                    set(&mut settings.architecture, reader.choice(value, key, &choices));
                }
                "workers-dir" => match value.get_ref().as_str().filter(|dir| is_inside_app(dir)) {
                    Some(dir) => dir.trim_end_matches('/').clone_into(&mut settings.workers_dir),
                    None => reader.wrong_value(value, "workers-dir", "a relative path inside the app"),
                },
                "endpoint" => settings.endpoint = reader.function(value, "endpoint", ENDPOINT_KEYS),
                "workers" => settings.workers = reader.workers(value),
                _ => reader.unknown_key(key, &span, "[package.metadata.bedrock]", APP_KEYS),
            }
        }
        reader.problems.extend(trigger_conflicts(&reader.triggers));
        if reader.problems.is_empty() { Ok(settings) } else { Err(reader.problems) }
    }

    /// Returns the settings of a worker; the defaults if it has no table.
    pub fn of_worker(&self, name: &WorkerName) -> FunctionSettings {
        self.workers.get(name.as_str()).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
