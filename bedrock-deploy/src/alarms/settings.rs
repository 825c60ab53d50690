//! The alarms of a function in the manifest.

use serde::Deserialize;

use crate::stage::StageContext;
use crate::uses::ResourceId;

/// The key `alarms` of a function in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct AlarmSettings {
    /// Name of a topic of the app, or ARN. `None`: no topic is notified.
    pub(crate) notify: Option<String>,
    /// Threshold. `None`: there is no such alarm.
    pub(super) errors: Option<u64>,
    /// Threshold. `None`: there is no such alarm.
    pub(super) throttles: Option<u64>,
    /// Threshold. `None`: there is no such alarm.
    pub(super) dead_letters: Option<u64>,
    /// In seconds.
    pub(super) period: u64,
    pub(super) evaluation_periods: u64,
    pub(super) datapoints_to_alarm: u64,
}

impl AlarmSettings {
    /// Returns the topic of the app that alarms notify. `None` if there is none, or if it is not one of the app.
    pub(crate) fn topic(&self, stage: &StageContext) -> Option<ResourceId> {
        let name = self.topic_of_app().map(|name| format!("{}{name}", stage.prefix()))?;
        Some(ResourceId { kind: "topic".to_owned(), arn: stage.topic_arn(&name), name })
    }

    /// Returns the name of that topic in the settings.
    pub(crate) fn topic_of_app(&self) -> Option<&str> {
        self.notify.as_deref().filter(|topic| !topic.starts_with("arn:"))
    }
}
