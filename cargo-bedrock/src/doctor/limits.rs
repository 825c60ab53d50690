//! Checks the app's names and runtimes against the limits of Lambda, before a deployment fails.

use bedrock_build::{App, MAX_FUNCTION_NAME_LENGTH, Runtime};

use super::facts::AppFacts;
use super::finding::Finding;

/// Number of characters that should be left for the name of a stage such as `production`.
const COMFORTABLE_STAGE_LENGTH: usize = 10;

/// Returns the findings. `today` is `YYYY-MM-DD`.
pub(super) fn check_limits(facts: &AppFacts, today: &str) -> Vec<Finding> {
    let Some(app) = &facts.app else { return Vec::new() };
    let mut findings = vec![check_stage_length(app)];
    let workers = app.workers.iter().map(|worker| (format!("worker `{}`", worker.name), worker.runtime));
    let functions = workers.chain([("the endpoint".to_owned(), app.endpoint_runtime)]);
    findings.extend(functions.filter_map(|(function, runtime)| check_runtime(&function, runtime, today)));
    findings
}

/// Checks how long the name of a stage may be. Functions are named `app-stage-worker`.
fn check_stage_length(app: &App) -> Finding {
    let names = app.workers.iter().map(|worker| worker.name.as_str()).chain(["endpoint"]);
    let longest = names.max_by_key(|name| name.len()).unwrap_or_default();
    let used = app.name.as_str().len() + longest.len() + 2;
    let available = MAX_FUNCTION_NAME_LENGTH.saturating_sub(used);
    let message = format!(
        "stage names may have {available} characters: the limit of `{}-STAGE-{longest}` is {MAX_FUNCTION_NAME_LENGTH}",
        app.name
    );
    let is_comfortable = available >= COMFORTABLE_STAGE_LENGTH;
    if is_comfortable { Finding::ok("limits", message) } else { Finding::note("limits", message) }
}

/// Returns a finding if the runtime is deprecated, or will be this year or next year.
fn check_runtime(function: &str, runtime: Runtime, today: &str) -> Option<Finding> {
    let id = runtime.id;
    let Some(lifecycle) = runtime.lifecycle else {
        return runtime.warning(today).map(|warning| Finding::note("limits", format!("{function}: {warning}")));
    };
    let blocked_from = lifecycle.creation_blocked_from;
    let message = format!("{function} runs on `{id}`, with which no function can be created from {blocked_from} on");
    if today >= blocked_from {
        let default = Runtime::default_of(runtime.language).id;
        return Some(Finding::error("limits", message).help(format!("set `runtime = \"{default}\"` for {function}")));
    }
    let is_soon = blocked_from.get(..4)?.parse::<u32>().ok()? <= today.get(..4)?.parse::<u32>().ok()? + 1;
    let is_default = id == Runtime::default_of(runtime.language).id;
    (is_soon && !is_default).then(|| Finding::note("limits", message))
}

#[cfg(test)]
mod tests {
    use bedrock_build::Language;

    use super::*;
    use crate::doctor::finding::Level;

    #[test]
    fn runtime_is_an_error_from_the_day_it_is_blocked() {
        let runtime = Runtime::parse("python3.10", Language::Python).expect("known");
        let level = |today| check_runtime("worker `a`", runtime, today).map(|finding| finding.level);
        assert_eq!(level("2025-12-31"), None);
        assert_eq!(level("2027-01-31"), Some(Level::Note));
        assert_eq!(level("2027-02-01"), Some(Level::Error));
        let finding = check_runtime("worker `a`", runtime, "2028-01-01").expect("blocked");
        assert_eq!(
            finding.message,
            "worker `a` runs on `python3.10`, with which no function can be created from 2027-02-01 on"
        );
        assert_eq!(finding.help, ["set `runtime = \"python3.13\"` for worker `a`"]);
    }
}
