//! Event buses, their rules, and the delivery of an event to the workers whose patterns it matches.

use std::sync::Arc;

use bedrock_build::event_pattern::{EventPattern, PatternDialect};
use bedrock_local::event_sources::{BusEvent, event_bus_event};
use bedrock_model::{FunctionInfo, matches_pattern, parse_pattern};

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
        let event = event_bus_event(event, &self.region, &self.account);
        for rule in bus.rules.iter().filter(|rule| matches_pattern(&rule.pattern, &event)) {
            self.dispatcher.accept(&rule.function, event.to_string(), TriggerKind::Bus, &bus.name, 1).await?;
        }
        Ok(())
    }
}
