//! Event buses, their rules, and the delivery of an event to the workers whose patterns it matches.

use std::sync::Arc;
use std::time::SystemTime;

use bedrock_build::event_pattern::{EventPattern, PatternDialect};
use bedrock_model::date::rfc3339;
use bedrock_model::{FunctionInfo, matches_pattern, parse_pattern};
use serde_json::{Value, json};

use super::super::dispatcher::TriggerDispatcher;
use super::super::local_resources::LocalResources;
use crate::Clock;
use crate::event_log::TriggerKind;

/// All event buses of an app.
pub(in super::super) struct EventBuses {
    pub(in super::super) buses: Vec<Bus>,
    pub(in super::super) region: String,
    pub(in super::super) account: String,
    pub(in super::super) dispatcher: Arc<TriggerDispatcher>,
    pub(in super::super) clock: Clock,
}

/// An event bus.
pub(in super::super) struct Bus {
    pub(in super::super) name: String,
    pub(in super::super) rules: Vec<Rule>,
}

/// A rule that invokes a worker.
pub(in super::super) struct Rule {
    pattern: EventPattern,
    function: FunctionInfo,
}

/// What the sender of an event says.
#[derive(Debug, Clone)]
pub(in super::super) struct BusEvent {
    pub(in super::super) id: String,
    pub(in super::super) source: String,
    pub(in super::super) detail_type: String,
    pub(in super::super) detail: Value,
    pub(in super::super) resources: Vec<String>,
    pub(in super::super) time: SystemTime,
}

impl Rule {
    /// Creates a rule as the settings of a worker declare it. `None` if the pattern is not one: the settings have checked it.
    pub(in super::super) fn new(pattern: &str, function: FunctionInfo) -> Option<Self> {
        let pattern = parse_pattern(pattern, PatternDialect::EventBridge).ok()?;
        Some(Self { pattern, function })
    }
}

impl EventBuses {
    /// Serves these buses.
    pub(in super::super) fn open(
        buses: Vec<Bus>,
        resources: &LocalResources,
        dispatcher: &Arc<TriggerDispatcher>,
        clock: &Clock,
    ) -> Arc<Self> {
        let LocalResources { region, account, .. } = resources.clone();
        Arc::new(Self { buses, region, account, dispatcher: Arc::clone(dispatcher), clock: clock.clone() })
    }

    /// Returns a bus by its name or ARN.
    pub(super) fn find(&self, name: &str) -> Option<&Bus> {
        let name = name.rsplit('/').next().unwrap_or_default();
        self.buses.iter().find(|bus| bus.name == name)
    }

    /// Delivers an event to each rule that matches it. The error says why a worker's queue has rejected it.
    pub(super) async fn deliver(&self, bus: &Bus, event: &BusEvent) -> Result<(), String> {
        let event = event_json(event, &self.region, &self.account);
        for rule in bus.rules.iter().filter(|rule| matches_pattern(&rule.pattern, &event)) {
            self.dispatcher.accept(&rule.function, event.to_string(), TriggerKind::Bus, &bus.name, 1).await?;
        }
        Ok(())
    }
}

/// Returns the event as a function gets it (EventBridge user guide, "Event structure").
pub(in super::super) fn event_json(event: &BusEvent, region: &str, account: &str) -> Value {
    // Times of events have no fractions of seconds.
    let time = rfc3339(event.time);
    let time = format!("{}Z", time.split('.').next().unwrap_or_default().trim_end_matches('Z'));
    json!({
        "version": "0",
        "id": event.id,
        "detail-type": event.detail_type,
        "source": event.source,
        "account": account,
        "time": time,
        "region": region,
        "resources": event.resources,
        "detail": event.detail,
    })
}
