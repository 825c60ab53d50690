//! Compares the contracts of a build with those of a stage: which callers would a change break, and in which order would it
//! not?

use std::collections::{BTreeMap, BTreeSet};

use bedrock_build::contract::{Contract, compare};
use bedrock_diagnostics::{Error, ExitKind, Report, Result};

use crate::actual::Actual;
use crate::contract_record::ContractRecord;
use crate::desired::Desired;
use crate::manifest::{Manifest, ManifestEntry};
use crate::stage::{ENDPOINT, StageContext};

/// Changes of a contract that an error lists.
const MAX_SHOWN_CHANGES: usize = 5;

/// Returns the deployed functions whose records a partial deploy needs in addition: the callers of the workers in `only`.
pub(crate) fn callers_of(manifest: &Manifest, only: &[String]) -> BTreeSet<String> {
    let calls_one = |entry: &ManifestEntry| entry.invokes.iter().any(|callee| only.contains(callee));
    let callers = manifest.functions().filter(|(key, entry)| calls_one(entry) && !only.iter().any(|name| name == key));
    callers.map(|(key, _)| key.to_owned()).collect()
}

/// A change of a deployed contract that breaks deployed callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContractBreak {
    worker: String,
    changes: Vec<String>,
    callers: Vec<String>,
}

/// What is to be said about the contracts of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ContractReview {
    /// Reasons and notes, by the keys of functions.
    pub(crate) notes: BTreeMap<String, Vec<String>>,
    pub(crate) breaks: Vec<ContractBreak>,
}

/// Compares the contracts of the build with those of the stage.
pub(crate) fn review(desired: &Desired, actual: &Actual) -> ContractReview {
    let deployed = deployed_records(desired, actual);
    let mut review = ContractReview::default();
    for (worker, function) in desired {
        let Some(digest) = function.contracts.digest() else { continue };
        let old = deployed.get(worker);
        let mut notes = Vec::new();
        let is_changed = old.and_then(|old| old.digest()).is_some_and(|old| old != digest);
        let changes = if is_changed { breaking_changes(old, &function.contracts) } else { Vec::new() };
        match (is_changed, changes.is_empty()) {
            (true, true) => notes.push("contract".to_owned()),
            (true, false) => notes.push("breaking contract".to_owned()),
            (false, _) => {}
        }
        let is_stale = |record: &ContractRecord| record.built_against(worker).is_some_and(|known| known != digest);
        let planned = desired.iter().map(|(key, function)| (key, &function.contracts));
        let kept = deployed.iter().filter(|(key, _)| !desired.contains_key(*key));
        for (caller, _) in planned.chain(kept).filter(|(_, record)| is_stale(record)) {
            notes.push(format!("`{caller}` was built against another contract"));
            let of_caller = review.notes.entry(caller.clone()).or_default();
            of_caller.push(format!("built against another contract of `{worker}`"));
        }
        let callers: Vec<String> =
            deployed.iter().filter(|(_, record)| is_stale(record)).map(|(key, _)| key.clone()).collect();
        if !changes.is_empty() && !callers.is_empty() {
            review.breaks.push(ContractBreak { worker: worker.clone(), changes, callers });
        }
        review.notes.entry(worker.clone()).or_default().extend(notes);
    }
    review
}

/// Returns what is recorded of the deployed functions, apart from those that the deploy deletes.
fn deployed_records(desired: &Desired, actual: &Actual) -> BTreeMap<String, ContractRecord> {
    let functions = actual.functions.iter().filter(|(key, _)| desired.contains_key(*key));
    let functions = functions.filter_map(|(key, function)| {
        Some((key.clone(), ContractRecord::from_tags(&function.deployed.as_ref()?.tags)))
    });
    functions.chain(actual.callers.clone()).collect()
}

/// Returns the changes that break callers. A contract that is too large to be recorded may break them.
fn breaking_changes(old: Option<&ContractRecord>, new: &ContractRecord) -> Vec<String> {
    let contracts = old.and_then(ContractRecord::contract).zip(new.contract());
    let Some((old, new)) = contracts else {
        return vec!["the deployed contract is too large to be compared".to_owned()];
    };
    compare(&old, &new).iter().filter(|change| change.is_breaking).map(ToString::to_string).collect()
}

impl ContractBreak {
    fn report(&self, stage: &StageContext) -> Report {
        let Self { worker, changes, callers } = self;
        let named: Vec<String> = callers.iter().map(|caller| format!("`{caller}`")).collect();
        let message =
            format!("the contract of `{worker}` breaks callers in stage `{}`: {}", stage.name, named.join(", "));
        let mut causes: Vec<String> = changes.iter().take(MAX_SHOWN_CHANGES).cloned().collect();
        if changes.len() > causes.len() {
            causes.push(format!("and {} more changes", changes.len() - causes.len()));
        }
        let only: Vec<String> = callers.iter().map(|caller| format!("--only {caller}")).collect();
        let order = format!(
            "deploy the callers first, ready for both contracts: `cargo bedrock deploy --stage {} {}`, then `{worker}`",
            stage.name,
            only.join(" ")
        );
        let flag =
            "or deploy everything with `--allow-breaking`: calls fail until all functions are deployed".to_owned();
        Report { message, causes, help: vec![order, flag] }
    }
}

/// Fails if deployed callers would break.
pub(crate) fn check_breaks(stage: &StageContext, breaks: &[ContractBreak]) -> Result<()> {
    if breaks.is_empty() {
        return Ok(());
    }
    Err(Error { kind: ExitKind::App, reports: breaks.iter().map(|one| one.report(stage)).collect() })
}

/// Fails if new callers break while calls also reach the old versions of the workers that they call: during a canary.
pub(crate) fn check_canary_breaks(stage: &StageContext, desired: &Desired, actual: &Actual) -> Result<()> {
    let deployed = deployed_records(desired, actual);
    let mut reports = Vec::new();
    for (worker, function) in desired {
        let Some(digest) = function.contracts.digest() else { continue };
        let old = deployed.get(worker).filter(|old| old.digest().is_some_and(|old| old != digest));
        let Some(old) = old else { continue };
        let is_new = |record: &ContractRecord| record.built_against(worker) == Some(digest);
        let callers = desired.iter().filter(|(_, function)| is_new(&function.contracts));
        let callers: Vec<String> = callers.map(|(caller, _)| format!("`{caller}`")).collect();
        // What the old version has in place of the new one.
        let changes = breaking_changes(Some(&function.contracts), old);
        if callers.is_empty() || changes.is_empty() {
            continue;
        }
        reports.push(Report {
            message: format!(
                "during a canary, new versions of {} would call the old version of `{worker}`, and do not fit its contract",
                callers.join(", ")
            ),
            causes: changes.into_iter().take(MAX_SHOWN_CHANGES).collect(),
            help: vec![
                format!(
                    "deploy `{worker}` first: `cargo bedrock deploy --stage {} --only {worker}`, then its callers",
                    stage.name
                ),
                "or deploy everything at once, without `--canary`".to_owned(),
            ],
        });
    }
    if reports.is_empty() { Ok(()) } else { Err(Error { kind: ExitKind::App, reports }) }
}

/// The contract of a deployed worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedContract {
    /// The name of the worker.
    pub worker: String,
    /// `None` if it is too large to be recorded.
    pub contract: Option<Contract>,
}

/// Returns the contracts in records of functions.
pub(crate) fn deployed_contracts(records: &BTreeMap<String, ContractRecord>) -> Vec<DeployedContract> {
    let with_contract = records.iter().filter(|(key, record)| record.own.is_some() && *key != ENDPOINT);
    with_contract.map(|(key, record)| DeployedContract { worker: key.clone(), contract: record.contract() }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::actual::ActualFunction;
    use crate::contract_record::RecordedContract;
    use crate::test_fixtures::{actual_function, desired_function, stage};

    fn schema(fields: &str) -> Value {
        let fields: Value = serde_json::from_str(fields).expect("JSON");
        let required: Vec<&String> = fields.as_object().expect("fields").keys().collect();
        json!({
            "$defs": { "Event": { "type": "object", "properties": fields, "required": required } },
            "properties": { "event": { "$ref": "#/$defs/Event" } },
            "x-contract": 1,
        })
    }

    fn worker(digest: &str, fields: &str) -> ContractRecord {
        let own = RecordedContract { digest: digest.to_owned(), schema: Some(schema(fields)) };
        ContractRecord { own: Some(own), callees: BTreeMap::new() }
    }

    fn caller(digest: &str) -> ContractRecord {
        ContractRecord { own: None, callees: BTreeMap::from([("resizer".to_owned(), digest.to_owned())]) }
    }

    fn desired(functions: &[(&str, ContractRecord)]) -> Desired {
        let function = |(key, record): &(&str, ContractRecord)| {
            let mut function = desired_function(key);
            function.contracts = record.clone();
            ((*key).to_owned(), function)
        };
        functions.iter().map(function).collect()
    }

    fn actual(functions: &[(&str, ContractRecord)]) -> Actual {
        let function = |(key, record): &(&str, ContractRecord)| {
            let mut function: ActualFunction = actual_function(key, &desired_function(key));
            function.deployed.as_mut().expect("it is deployed").tags.extend(record.tags());
            ((*key).to_owned(), function)
        };
        Actual { functions: functions.iter().map(function).collect(), ..Actual::default() }
    }

    const OLD: &str = r#"{"width": {"type": "integer"}}"#;
    const NEW: &str = r#"{"width": {"type": "integer"}, "height": {"type": "integer"}}"#;
    const WIDER: &str = r#"{"width": {"type": "number"}}"#;

    #[test]
    fn canary_needs_new_callers_that_fit_old_workers() {
        let stage = stage();
        let old = actual(&[("resizer", worker("ab", WIDER)), ("endpoint", caller("ab"))]);
        // A caller that sends only integers fits both, and one that may send any number does not.
        let narrower = desired(&[("resizer", worker("cd", OLD)), ("endpoint", caller("cd"))]);
        assert!(check_canary_breaks(&stage, &narrower, &old).is_ok());
        let old = actual(&[("resizer", worker("ab", OLD)), ("endpoint", caller("ab"))]);
        let wider = desired(&[("resizer", worker("cd", WIDER)), ("endpoint", caller("cd"))]);
        let error = check_canary_breaks(&stage, &wider, &old).expect_err("the old version refuses what is sent");
        assert!(
            error.reports[0].message.contains("new versions of `endpoint` would call the old version of `resizer`")
        );
        assert!(error.reports[0].help[0].contains("--only resizer"), "{error:?}");
        // No function calls it, or nothing changes.
        let alone = desired(&[("resizer", worker("cd", WIDER))]);
        assert!(check_canary_breaks(&stage, &alone, &old).is_ok());
        let same = desired(&[("resizer", worker("ab", OLD)), ("endpoint", caller("ab"))]);
        assert!(check_canary_breaks(&stage, &same, &old).is_ok());
    }

    #[test]
    fn large_contract_is_recorded_as_a_digest() {
        let mut seed = 1_u64;
        let mut name = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            format!("f{seed:x}")
        };
        let fields: serde_json::Map<String, Value> = (0..300).map(|_| (name(), json!({ "type": "string" }))).collect();
        let record = worker("ab", &Value::Object(fields).to_string());
        let read = ContractRecord::from_tags(&record.tags());
        assert_eq!((read.digest(), read.contract()), (Some("ab"), None));
        // A change of it may break callers.
        let review = review(
            &desired(&[("resizer", worker("cd", OLD)), ("endpoint", caller("cd"))]),
            &actual(&[("resizer", read), ("endpoint", caller("ab"))]),
        );
        assert_eq!(review.breaks[0].changes, ["the deployed contract is too large to be compared"]);
    }

    #[test]
    fn breaking_change_names_deployed_callers_and_order() {
        let new = desired(&[("resizer", worker("new", NEW)), ("endpoint", caller("new")), ("labeller", caller("old"))]);
        let old = actual(&[("resizer", worker("old", OLD)), ("endpoint", caller("old")), ("labeller", caller("old"))]);
        let review = review(&new, &old);
        assert_eq!(review.notes["resizer"], ["breaking contract", "`labeller` was built against another contract"]);
        assert_eq!(review.notes["labeller"], ["built against another contract of `resizer`"]);
        assert!(!review.notes.contains_key("endpoint"));
        let error = check_breaks(&stage(), &review.breaks).expect_err("a break");
        let report = &error.reports[0];
        assert_eq!(report.message, "the contract of `resizer` breaks callers in stage `dev`: `endpoint`, `labeller`");
        assert_eq!(report.causes, ["`event.height`: the required field is new: `integer`"]);
        assert_eq!(
            report.help[0],
            "deploy the callers first, ready for both contracts: \
             `cargo bedrock deploy --stage dev --only endpoint --only labeller`, then `resizer`"
        );
    }

    #[test]
    fn change_after_its_callers_breaks_nothing() {
        let new = desired(&[("resizer", worker("new", NEW))]);
        let mut old = actual(&[("resizer", worker("old", OLD))]);
        old.callers.insert("endpoint".to_owned(), caller("new"));
        let after_callers = review(&new, &old);
        assert_eq!(after_callers.breaks, []);
        assert_eq!(after_callers.notes["resizer"], ["breaking contract"]);
        old.callers.insert("endpoint".to_owned(), caller("old"));
        assert_eq!(review(&new, &old).breaks[0].callers, ["endpoint"]);
        // Nothing is known of a function that an earlier version of the command deployed.
        old.callers.insert("endpoint".to_owned(), ContractRecord::default());
        assert_eq!(review(&new, &old).breaks, []);
    }

    #[test]
    fn compatible_change_breaks_nothing() {
        let wider = desired(&[("resizer", worker("new", WIDER)), ("endpoint", caller("old"))]);
        let old = actual(&[("resizer", worker("old", OLD)), ("endpoint", caller("old"))]);
        let review_of_wider = review(&wider, &old);
        assert_eq!(review_of_wider.breaks, []);
        assert_eq!(review_of_wider.notes["resizer"], ["contract", "`endpoint` was built against another contract"]);
        let same = desired(&[("resizer", worker("old", OLD)), ("endpoint", caller("old"))]);
        let unchanged = review(&same, &old);
        assert!(unchanged.notes.values().all(Vec::is_empty) && unchanged.breaks.is_empty());
        assert_eq!(review(&same, &Actual::default()).breaks, []);
    }
}
