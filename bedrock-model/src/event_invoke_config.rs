//! The settings of a function's asynchronous invocations (Lambda API model, `EventInvokeConfig`).

use bedrock_build::FunctionSettings;
use serde::{Deserialize, Serialize};

/// Retries, maximum age and destinations of the events of one function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventInvokeConfig {
    /// Number of retries after a failed attempt.
    pub retries: u32,
    /// Maximum age in seconds. An event that would be older at its next attempt is not run again.
    pub max_age: u64,
    /// Destination of a record about an event that failed permanently: an ARN or a worker's name.
    pub on_failure: Option<String>,
    /// Destination of a record about an event that succeeded: an ARN or a worker's name.
    pub on_success: Option<String>,
    /// ARN of the dead-letter queue or topic, which gets the event itself when it failed permanently.
    #[serde(default)]
    pub dead_letter: Option<String>,
}

impl EventInvokeConfig {
    /// Reads the configuration from the settings of a worker.
    pub fn from_settings(settings: &FunctionSettings) -> Self {
        Self {
            retries: u32::try_from(settings.retries).unwrap_or(2),
            max_age: settings.event_age,
            on_failure: settings.on_failure.as_ref().map(ToString::to_string),
            on_success: settings.on_success.as_ref().map(ToString::to_string),
            dead_letter: settings.dead_letter.clone(),
        }
    }
}

impl Default for EventInvokeConfig {
    /// Returns Lambda's defaults: two retries, six hours, no destinations.
    fn default() -> Self {
        Self { retries: 2, max_age: 21_600, on_failure: None, on_success: None, dead_letter: None }
    }
}
