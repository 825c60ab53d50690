//! What the called names of one worker or of the endpoint mean: workers of the app, other functions, or nothing.

use std::collections::BTreeMap;

use bedrock_build::{App, FunctionName, WorkerName};

use super::node::SourceLine;
use super::sources::WorkerCalls;

/// Sorted, and each with the places it is called from, of which a binary tells none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallTargets {
    pub workers: BTreeMap<WorkerName, Vec<SourceLine>>,
    /// Functions that are none of the app's workers, by the name or ARN that is written there.
    pub others: BTreeMap<String, Vec<SourceLine>>,
    /// What is neither.
    pub unknown: BTreeMap<String, Vec<SourceLine>>,
    /// Where the name is computed.
    pub computed: Vec<SourceLine>,
}

/// What one name means.
enum ResolvedName {
    Worker(WorkerName),
    Other,
    Unknown,
}

impl CallTargets {
    /// From the names in files.
    pub fn from_sources(app: &App, calls: &WorkerCalls) -> Self {
        let mut call_targets = Self { computed: calls.computed.clone(), ..Self::default() };
        for (place, name) in &calls.named {
            call_targets.add(app, name).push(place.clone());
        }
        call_targets
    }

    /// From the names in a binary.
    pub fn from_binary<'n>(app: &App, names: impl IntoIterator<Item = &'n String>) -> Self {
        let mut call_targets = Self::default();
        for name in names {
            call_targets.add(app, name);
        }
        call_targets
    }

    fn add(&mut self, app: &App, name: &str) -> &mut Vec<SourceLine> {
        match resolve_name(app, name) {
            ResolvedName::Worker(worker) => self.workers.entry(worker).or_default(),
            ResolvedName::Other => self.others.entry(name.to_owned()).or_default(),
            ResolvedName::Unknown => self.unknown.entry(name.to_owned()).or_default(),
        }
    }
}

fn resolve_name(app: &App, name: &str) -> ResolvedName {
    let worker = |name: &str| app.workers.iter().find(|worker| worker.name.as_str() == name);
    // No worker's name has these, and a function of another app is rarely called without.
    if !name.contains([':', '-']) {
        return worker(name).map_or(ResolvedName::Unknown, |worker| ResolvedName::Worker(worker.name.clone()));
    }
    let Ok(function) = FunctionName::parse(name) else { return ResolvedName::Unknown };
    let by_rule = function.worker_of(app.name.as_str());
    // Of an ARN, a function that is called like a worker alone is another app's: here it has app and stage before it.
    let is_ours = by_rule != function.as_str() || !name.contains("function:");
    worker(by_rule).filter(|_| is_ours).map_or(ResolvedName::Other, |worker| ResolvedName::Worker(worker.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::app;

    #[test]
    fn names_mean_workers_by_their_name_or_by_the_rule_for_functions() {
        let app = app("my_app", &["resizer.py", "system_fetcher.js"]);
        for (name, worker) in [
            ("resizer", "resizer"),
            ("resizer:live", "resizer"),
            ("my_app-dev-resizer", "resizer"),
            ("my_app-dev-resizer:3", "resizer"),
            ("my_app-blue-green-system_fetcher", "system_fetcher"),
            ("123456789012:function:my_app-dev-resizer", "resizer"),
            ("arn:aws:lambda:eu-west-1:123456789012:function:my_app-dev-resizer", "resizer"),
            ("arn:aws-cn:lambda:cn-north-1:123456789012:function:my_app-prod-resizer:live", "resizer"),
        ] {
            let call_targets = CallTargets::from_binary(&app, [&name.to_owned()]);
            let workers: Vec<&str> = call_targets.workers.keys().map(WorkerName::as_str).collect();
            assert_eq!(workers, [worker], "{name}");
            assert!(call_targets.others.is_empty() && call_targets.unknown.is_empty(), "{name}");
        }
    }

    #[test]
    fn other_functions_are_told_from_names_that_mean_nothing() {
        let app = app("my_app", &["resizer.py"]);
        for (name, is_other) in [
            ("other-dev-resizer", true),
            ("my_apps-dev-resizer", true),
            ("my_app-dev-gone", true),
            ("arn:aws:lambda:eu-west-1:123456789012:function:resizer", true),
            ("arn:aws:lambda:eu-west-1:123456789012:function:billing", true),
            ("reszier", false),
            ("Resizer", false),
            ("", false),
            ("a b-c", false),
            ("arn:aws:sqs:eu-west-1:123456789012:queue", false),
        ] {
            let call_targets = CallTargets::from_binary(&app, [&name.to_owned()]);
            assert_eq!(
                (call_targets.others.contains_key(name), call_targets.unknown.contains_key(name)),
                (is_other, !is_other),
                "{name}"
            );
            assert!(call_targets.workers.is_empty(), "{name}");
        }
    }
}
