//! Resolves the function names that a worker or the endpoint calls: workers of the app, other functions, or unknown names.

use std::collections::BTreeMap;

use bedrock_build::{App, FunctionName, WorkerName};

use super::node::SourceLine;
use super::sources::WorkerCalls;

/// The functions that one function calls, sorted, each with the lines of the calls. Calls in binaries have no lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallTargets {
    pub workers: BTreeMap<WorkerName, Vec<SourceLine>>,
    /// Functions that are not workers of the app, by the name or ARN in the code.
    pub others: BTreeMap<String, Vec<SourceLine>>,
    /// Names that are neither.
    pub unknown: BTreeMap<String, Vec<SourceLine>>,
    /// Calls whose function name is computed at run time.
    pub computed: Vec<SourceLine>,
}

/// What a function name refers to.
enum ResolvedName {
    Worker(WorkerName),
    Other,
    Unknown,
}

impl CallTargets {
    /// Resolves the names in source files.
    pub fn from_sources(app: &App, calls: &WorkerCalls) -> Self {
        let mut call_targets = Self { computed: calls.computed.clone(), ..Self::default() };
        for (place, name) in &calls.named {
            call_targets.add(app, name).push(place.clone());
        }
        call_targets
    }

    /// Resolves the names in a binary.
    pub fn from_binary<'n>(app: &App, names: impl IntoIterator<Item = &'n String>) -> Self {
        Self::default().with_binary(app, names)
    }

    /// Adds the names in a binary.
    #[must_use]
    pub fn with_binary<'n>(mut self, app: &App, names: impl IntoIterator<Item = &'n String>) -> Self {
        for name in names {
            self.add(app, name);
        }
        self
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
    // Names of workers contain neither, and names of functions of other apps nearly always do.
    if !name.contains([':', '-']) {
        return worker(name).map_or(ResolvedName::Unknown, |worker| ResolvedName::Worker(worker.name.clone()));
    }
    let Ok(function) = FunctionName::parse(name) else { return ResolvedName::Unknown };
    let by_rule = function.worker_of(app.name.as_str());
    // In an ARN, a function whose name is only that of a worker belongs to another app: ours start with app and stage.
    let is_ours = by_rule != function.as_str() || !name.contains("function:");
    worker(by_rule).filter(|_| is_ours).map_or(ResolvedName::Other, |worker| ResolvedName::Worker(worker.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::app;

    #[test]
    fn worker_and_function_names_resolve_to_workers() {
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
    fn other_functions_differ_from_unknown_names() {
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
