//! What Lambda will say to the names and runtimes of the app when it is deployed.

use bedrock_build::{App, MAX_FUNCTION_NAME, Runtime};

use super::facts::Facts;
use super::finding::Finding;

/// Below this, there is no room for names of stages such as `production`.
const SHORT: usize = 10;

/// `today` is `YYYY-MM-DD`.
pub(super) fn of(facts: &Facts, today: &str) -> Vec<Finding> {
    let Some(app) = &facts.app else { return Vec::new() };
    let mut findings = vec![stage(app)];
    let workers = app.workers.iter().map(|worker| (format!("worker `{}`", worker.name), worker.runtime));
    let functions = workers.chain([("the endpoint".to_owned(), app.endpoint_runtime)]);
    findings.extend(functions.filter_map(|(function, runtime)| ended(&function, runtime, today)));
    findings
}

/// Functions are called `app-stage-worker`.
fn stage(app: &App) -> Finding {
    let names = app.workers.iter().map(|worker| worker.name.as_str()).chain(["endpoint"]);
    let longest = names.max_by_key(|name| name.len()).unwrap_or_default();
    let taken = app.name.as_str().len() + longest.len() + 2;
    let left = MAX_FUNCTION_NAME.saturating_sub(taken);
    let message = format!(
        "names of stages may have {left} characters: the limit of `{}-STAGE-{longest}` is {MAX_FUNCTION_NAME}",
        app.name
    );
    if left >= SHORT { Finding::fine("limits", message) } else { Finding::note("limits", message) }
}

fn ended(function: &str, runtime: Runtime, today: &str) -> Option<Finding> {
    let (id, day) = (runtime.id, runtime.blocked_from);
    let message = format!("{function} runs on `{id}`, of which no function can be made from {day} on");
    if today >= day {
        let default = Runtime::default_of(runtime.language).id;
        return Some(Finding::error("limits", message).help(format!("set `runtime = \"{default}\"` for {function}")));
    }
    let is_this_or_next_year = day.get(..4)?.parse::<u32>().ok()? <= today.get(..4)?.parse::<u32>().ok()? + 1;
    (is_this_or_next_year && id != Runtime::default_of(runtime.language).id).then(|| Finding::note("limits", message))
}

#[cfg(test)]
mod tests {
    use bedrock_build::Language;

    use super::*;
    use crate::doctor::finding::Level;

    #[test]
    fn a_runtime_is_an_error_from_the_day_on_which_it_ends() {
        let runtime = Runtime::parse("python3.10", Language::Python).expect("known");
        let level = |today| ended("worker `a`", runtime, today).map(|finding| finding.level);
        assert_eq!(level("2025-12-31"), None);
        assert_eq!(level("2027-01-31"), Some(Level::Note));
        assert_eq!(level("2027-02-01"), Some(Level::Error));
        let finding = ended("worker `a`", runtime, "2028-01-01").expect("ended");
        assert_eq!(
            finding.message,
            "worker `a` runs on `python3.10`, of which no function can be made from 2027-02-01 on"
        );
        assert_eq!(finding.help, ["set `runtime = \"python3.13\"` for worker `a`"]);
    }
}
