//! The settings of a stage.

use std::collections::BTreeMap;

use super::alarms::AlarmSettings;
use super::deploy::DeploySettings;
use super::function::FunctionSettings;

/// The settings of one stage, each complete: those of all stages with the replacements of this one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageSettings {
    /// What the stage says of the alarms of all functions.
    pub alarms: AlarmSettings,
    /// The settings of `cargo bedrock deploy`. `None` if the stage does not change them.
    pub deploy: Option<DeploySettings>,
    /// The settings of the endpoint. `None` if the stage does not change them.
    pub endpoint: Option<FunctionSettings>,
    /// The settings of the workers that the stage changes.
    pub workers: BTreeMap<String, FunctionSettings>,
}
