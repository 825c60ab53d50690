//! Whether a function is durable, which Lambda decides when it creates the function: no request changes it later.

use bedrock_diagnostics::{Error, ExitKind, Report, Result};

use crate::actual::Actual;
use crate::desired::Desired;
use crate::durable::is_durable;
use crate::stage::StageContext;

/// Returns how durability of the function `key` differs from the desired one, which no request can change. `None` if it does
/// not differ, or if the function is not deployed.
pub(crate) fn fixed_difference(desired: &Desired, actual: &Actual, key: &str) -> Option<&'static str> {
    let deployed = actual.functions.get(key)?.deployed.as_ref()?;
    let is_desired = is_durable(&desired.get(key)?.version.settings.members);
    match (is_durable(&deployed.latest.settings.members), is_desired) {
        (false, true) => Some("not durable"),
        (true, false) => Some("durable"),
        _ => None,
    }
}

/// Returns an error if a function would have to become durable, or stop being durable.
pub(crate) fn check_durability(stage: &StageContext, desired: &Desired, actual: &Actual) -> Result<()> {
    let report = |key: &String| {
        let is = fixed_difference(desired, actual, key)?;
        let function = stage.function_name(key);
        let wanted = if is == "durable" { "has no setting `durable`" } else { "has the setting `durable`" };
        Some(Report {
            message: format!("function `{function}` is {is}, and worker `{key}` {wanted}"),
            causes: vec!["Lambda makes a function durable only when it creates the function".to_owned()],
            help: vec![
                "rename the worker, so that another function is created".to_owned(),
                format!(
                    "or delete the function with its versions: `aws lambda delete-function --function-name {function}`"
                ),
            ],
        })
    };
    let reports: Vec<Report> = desired.keys().filter_map(report).collect();
    if reports.is_empty() { Ok(()) } else { Err(Error { kind: ExitKind::App, reports }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::{DURABLE_CONFIG, DurableConfig};
    use crate::test_fixtures::{actual_function, desired_function, stage};

    fn desired(is_durable: bool) -> Desired {
        let mut function = desired_function("flow");
        if is_durable {
            function
                .version
                .settings
                .members
                .insert(DURABLE_CONFIG.to_owned(), DurableConfig { timeout: 86_400, retention: 14 }.member());
        }
        Desired::from([("flow".to_owned(), function)])
    }

    fn actual(is_durable: bool) -> Actual {
        let function = actual_function("flow", &desired(is_durable)["flow"]);
        Actual { functions: [("flow".to_owned(), function)].into(), ..Actual::default() }
    }

    #[test]
    fn durability_of_a_function_is_fixed() {
        for is in [false, true] {
            assert!(check_durability(&stage(), &desired(is), &actual(is)).is_ok());
            assert!(check_durability(&stage(), &desired(is), &Actual::default()).is_ok(), "it is created");
            let error = check_durability(&stage(), &desired(!is), &actual(is)).expect_err("it differs");
            let expected = if is {
                "function `shop-dev-flow` is durable, and worker `flow` has no setting `durable`"
            } else {
                "function `shop-dev-flow` is not durable, and worker `flow` has the setting `durable`"
            };
            assert_eq!(error.reports[0].message, expected);
        }
        // A partial deploy checks only its own functions.
        assert!(check_durability(&stage(), &Desired::new(), &actual(true)).is_ok());
    }
}
