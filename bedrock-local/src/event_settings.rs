//! The settings of an app that apply to asynchronous events.

use std::collections::HashMap;
use std::path::Path;

use bedrock_build::App;
use bedrock_model::destination::destination_function_name;
use bedrock_model::{AsyncEvent, DestinationFunction, EventInvokeConfig, FunctionInfo, RecursiveLoopDetector};

/// Event invoke configs by worker, and recursive loop detection.
#[derive(Debug, Default)]
pub struct EventSettings {
    configs: HashMap<String, EventInvokeConfig>,
    /// Counts how often a function ran in a chain of calls.
    pub recursion: RecursiveLoopDetector,
}

impl EventSettings {
    /// Reads the settings of an app.
    pub fn from_app(app: &App) -> Self {
        let config = |worker: &bedrock_build::Worker| {
            (worker.name.to_string(), EventInvokeConfig::from_settings(&worker.settings))
        };
        Self { configs: app.workers.iter().map(config).collect(), recursion: RecursiveLoopDetector::from_app(app) }
    }

    /// Reads the settings of the app in a folder. The error is a message for the user.
    pub fn read(root: &Path) -> Result<Self, String> {
        let app = App::open(root).map_err(|problems| {
            let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
            messages.join("\n")
        })?;
        Ok(Self::from_app(&app))
    }

    /// Returns the configuration of a worker. A worker without settings has Lambda's defaults.
    pub fn config(&self, worker: &str) -> EventInvokeConfig {
        self.configs.get(worker).cloned().unwrap_or_default()
    }

    /// Resolves the destination of an event to a function of this app. Returns `None` if the destination is outside the
    /// app, or if the chain of calls has already run the function as often as Lambda allows.
    pub fn resolve_destination(
        &self,
        destination: &str,
        event: &AsyncEvent,
        find: impl Fn(&str) -> Option<FunctionInfo>,
    ) -> Option<DestinationFunction> {
        let function = find(destination_function_name(destination)?)?;
        let source = find(&event.worker)?;
        let trace = self.recursion.count_run(&source, event.trace.clone());
        if self.recursion.exceeds_limit(&function, &trace) {
            return None;
        }
        let rules = self.config(&function.worker);
        Some(DestinationFunction { worker: function.worker, arn: function.arn, rules, trace })
    }
}
