//! The settings of an app: the table `[package.metadata.bedrock]`. An unknown key or a wrong value is reported with
//! file and line.

mod alarm_reader;
mod alarms;
mod arn;
mod cors;
mod deploy;
mod destination;
mod dev;
mod durable;
mod event_trigger_reader;
mod function;
mod function_reader;
mod http_api;
mod http_api_reader;
mod json;
mod lambda;
mod lambda_reader;
mod origins;
mod pattern_reader;
mod placeholder;
mod reader;
mod stage_reader;
mod stages;
mod stream_trigger;
mod stream_trigger_reader;
mod trigger_conflicts;
mod trigger_reader;
mod trigger_source;
pub mod triggers;
mod use_reader;
pub mod uses;

use std::collections::BTreeMap;

use crate::architecture::Architecture;
use crate::manifest::Table;
use crate::name::WorkerName;
use crate::problem::Problem;
pub use alarms::{AlarmEvaluation, AlarmSettings, AlarmThreshold, Alarms};
pub use cors::Cors;
pub use deploy::DeploySettings;
pub use destination::Destination;
pub use dev::{DevAccount, DevServices, DevSettings};
pub use durable::DurableSettings;
pub use function::{Auth, FunctionSettings, Isolation, RecursiveLoop, Secret};
use function_reader::ENDPOINT_KEYS;
pub use http_api::{ApiDomain, HttpApi, HttpRoute, JwtAuthorizer, RouteAuth, Throttling};
pub use lambda::{FileSystem, LambdaSettings, LogFormat, Logging, RuntimeManagement, Tracing, Vpc};
pub use origins::{Origin, Origins};
pub use placeholder::STAGE_PLACEHOLDER;
use reader::{Reader, is_inside_app, set};
pub use stages::StageSettings;
use stream_trigger_reader::stream_conflicts;
use trigger_conflicts::trigger_conflicts;
use use_reader::use_conflicts;

const APP_KEYS: &[&str] = &["alarms", "architecture", "deploy", "dev", "endpoint", "stages", "workers", "workers-dir"];

/// The settings of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The workers folder, relative to the app. Default `workers`.
    pub workers_dir: String,
    /// The alarms of all functions of the app.
    pub alarms: AlarmSettings,
    /// The instruction set architecture of all functions of the app.
    pub architecture: Architecture,
    /// The settings of `cargo bedrock deploy` in all stages.
    pub deploy: DeploySettings,
    /// The settings of `cargo bedrock dev`.
    pub dev: DevSettings,
    /// The settings of the endpoint.
    pub endpoint: FunctionSettings,
    /// The settings of the workers that have a table.
    pub workers: BTreeMap<String, FunctionSettings>,
    /// The settings of the stages that have a table.
    pub stages: BTreeMap<String, StageSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers_dir: "workers".to_owned(),
            alarms: AlarmSettings::default(),
            architecture: Architecture::default(),
            deploy: DeploySettings::default(),
            dev: DevSettings::default(),
            endpoint: FunctionSettings::default(),
            workers: BTreeMap::new(),
            stages: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Reads the table `[package.metadata.bedrock]`, and where each setting comes from. Returns all problems at once.
    pub(crate) fn read(table: Table<'_>) -> Result<(Self, Origins), Vec<Problem>> {
        let mut reader = Reader::new(table);
        let mut settings = Self::default();
        let mut stages = None;
        for (key, span, value) in table.entries() {
            match key {
                "alarms" => {
                    reader.record_origin(key, value);
                    settings.alarms = reader.alarms(value, key);
                }
                "architecture" => {
                    let choices = Architecture::ALL.map(|architecture| (architecture.as_str(), architecture));
                    reader.record_origin(key, value);
                    set(&mut settings.architecture, reader.choice(value, key, &choices));
                }
                "workers-dir" => match value.get_ref().as_str().filter(|dir| is_inside_app(dir)) {
                    Some(dir) => dir.trim_end_matches('/').clone_into(&mut settings.workers_dir),
                    None => reader.wrong_value(value, "workers-dir", "a relative path inside the app"),
                },
                "deploy" => settings.deploy = reader.deploy(value, "deploy", DeploySettings::default()),
                "dev" => settings.dev = reader.dev(value),
                "endpoint" => {
                    settings.endpoint = reader.function(value, "endpoint", ENDPOINT_KEYS, FunctionSettings::default());
                }
                // They replace settings that may follow.
                "stages" => stages = Some(value),
                "workers" => settings.workers = reader.workers(value),
                _ => reader.unknown_key(key, &span, "[package.metadata.bedrock]", APP_KEYS),
            }
        }
        reader.problems.extend(trigger_conflicts(&reader.triggers));
        if let Some(stages) = stages {
            let of_all = StageSettings {
                alarms: AlarmSettings::default(),
                deploy: Some(settings.deploy.clone()),
                endpoint: Some(settings.endpoint.clone()),
                workers: settings.workers.clone(),
            };
            settings.stages = reader.stages(stages, &of_all);
        }
        reader.problems.extend(use_conflicts(&reader.uses));
        reader.problems.extend(stream_conflicts(&reader.triggers, &reader.uses));
        if reader.problems.is_empty() { Ok((settings, reader.origins)) } else { Err(reader.problems) }
    }

    /// Returns the settings of a worker; the defaults if it has no table.
    pub fn of_worker(&self, name: &WorkerName) -> FunctionSettings {
        self.workers.get(name.as_str()).cloned().unwrap_or_default()
    }

    /// Returns the settings of `cargo bedrock deploy` in `stage`.
    #[must_use]
    pub fn deploy_in(&self, stage: &str) -> &DeploySettings {
        self.stages.get(stage).and_then(|stage| stage.deploy.as_ref()).unwrap_or(&self.deploy)
    }

    /// Returns the settings of the endpoint in `stage`.
    #[must_use]
    pub fn endpoint_in(&self, stage: &str) -> &FunctionSettings {
        self.stages.get(stage).and_then(|stage| stage.endpoint.as_ref()).unwrap_or(&self.endpoint)
    }

    /// Returns the settings of a worker in `stage`; the defaults if it has no table.
    #[must_use]
    pub fn worker_in(&self, stage: &str, name: &WorkerName) -> FunctionSettings {
        let of_stage = self.stages.get(stage).and_then(|stage| stage.workers.get(name.as_str()));
        of_stage.cloned().unwrap_or_else(|| self.of_worker(name))
    }

    /// Returns the alarms of the endpoint in `stage`, or in all stages that change nothing. `None` if it has none.
    #[must_use]
    pub fn endpoint_alarms(&self, stage: Option<&str>) -> Option<Alarms> {
        self.alarms_of(stage, &stage.map_or(&self.endpoint, |stage| self.endpoint_in(stage)).alarms)
    }

    /// Returns the alarms of a worker in `stage`, or in all stages that change nothing. `None` if it has none.
    #[must_use]
    pub fn worker_alarms(&self, stage: Option<&str>, name: &WorkerName) -> Option<Alarms> {
        let settings = stage.map_or_else(|| self.of_worker(name), |stage| self.worker_in(stage, name));
        self.alarms_of(stage, &settings.alarms)
    }

    fn alarms_of(&self, stage: Option<&str>, of_function: &AlarmSettings) -> Option<Alarms> {
        let of_stage = stage.and_then(|stage| self.stages.get(stage)).map(|stage| stage.alarms.clone());
        AlarmSettings::combine(&[of_function, &of_stage.unwrap_or_default(), &self.alarms])
    }
}

#[cfg(test)]
mod tests;
