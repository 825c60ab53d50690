//! The operation `rollback`: the alias `live`, which all callers invoke, points to the previous version again. Permissions,
//! triggers, secrets and logs are not changed.
//!
//! Versions of earlier deploys call each other's unqualified functions. If one of them is rolled back to, the functions
//! themselves get the code and settings of the previous versions too.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use bedrock_artifacts::Digest;
use bedrock_build::App;
use bedrock_diagnostics::{Error, Interrupt, Result};
use serde_json::Value;

use crate::alias_log::{AliasLog, denied_warning};
use crate::apply::context::{StepError, StepResult};
use crate::apply::function::{point_alias, update_code, update_settings};
use crate::apply::tally::{MAX_CONCURRENT_FUNCTIONS, Tally};
use crate::apply::upload::upload;
use crate::aws::{self, Aws, AwsError, Idempotency, call, download, optional, with_interrupt};
use crate::canary::{CanaryTag, shift};
use crate::concurrent::map_concurrently;
use crate::deploy::{StageRequest, check_worker_names};
use crate::lambda_settings::{DESCRIPTION, Members, actual_members};
use crate::lock::{unless_interrupted, with_lock};
use crate::observer::{AliasMove, Confirm, DeployObserver, Operation, Outcome};
use crate::ownership::check_owned;
use crate::read::{read_actual, read_version_descriptions, version_from};
use crate::stage::{ALIAS, CANARY_TAG, StageContext, function_label};
use crate::version::VersionDescription;

/// The published versions of one function.
#[derive(Debug, Clone, Default)]
struct VersionHistory {
    /// Number of the version that the alias `live` points to.
    live: u64,
    /// Empty for an alias that an earlier version of this tool has moved last.
    log: AliasLog,
    /// Descriptions by version numbers.
    descriptions: BTreeMap<u64, String>,
    /// What a deploy that was stopped during its canary has left.
    canary: Option<CanaryTag>,
}

/// What a rollback does.
struct RollbackPlan {
    moves: Vec<AliasMove>,
    /// The logs of the aliases after the moves, by the keys of the functions.
    logs: BTreeMap<String, AliasLog>,
    /// Whether the versions call the functions themselves.
    restores_latest: bool,
    /// Whether the moves end a canary.
    ends_canary: bool,
}

/// Rolls the functions of `request` back to their previous versions. Without a selection, these are the functions that the
/// last deploy changed.
pub fn rollback(app: &App, request: &StageRequest, observer: &dyn DeployObserver, confirm: &dyn Confirm) -> Result<()> {
    check_worker_names(app, &request.only)?;
    aws::run(&request.aws, async |aws| {
        let stage = StageContext::new(app, request.stage.clone(), aws.env.clone())?;
        if request.dry_run {
            show_moves(&aws, &stage, request, observer).await?;
            observer.finished(&Outcome::DryRun);
            return Ok(());
        }
        // A process that is ended by a signal would leave its lock.
        let interrupt = &Interrupt::watch()?;
        let functions = with_lock(&aws, &stage, Operation::Rollback, observer, async |lock| {
            let planning = show_moves(&aws, &stage, request, observer);
            let plan = unless_interrupted(interrupt, planning).await?;
            confirm.confirm(Operation::Rollback, &stage, &[])?;
            if let Some(lock) = lock {
                lock.renew_after_pause().await?;
            }
            let context = RollbackContext { aws: &aws, stage: &stage, observer, interrupt, plan: &plan };
            let functions = with_interrupt(interrupt, context.apply_moves()).await;
            if functions.is_err() {
                observer.finished(&Outcome::Failed);
            }
            functions
        });
        observer.finished(&Outcome::RolledBack { stage: &stage, functions: Box::pin(functions).await? });
        Ok(())
    })
}

/// Reads and shows what is rolled back.
async fn show_moves(
    aws: &Aws,
    stage: &StageContext,
    request: &StageRequest,
    observer: &dyn DeployObserver,
) -> Result<RollbackPlan> {
    let histories = read_histories(aws, stage, &request.only, observer).await?;
    let (moves, without_previous) = plan_moves(stage, &histories, !request.only.is_empty());
    for key in &without_previous {
        observer.warning(&format!("{} has no earlier version and is not changed", function_label(key)));
    }
    if moves.is_empty() {
        return Err(Error::app(format!("there is no earlier version to roll back to in {stage}")));
    }
    observer.rollback_planned(&moves)?;
    let calls_aliases =
        |each: &AliasMove| histories.get(&each.key).is_some_and(|history| history.calls_aliases(each.to));
    let restores_latest = !moves.iter().all(calls_aliases);
    let ends_canary = moves.iter().any(|each| histories.get(&each.key).is_some_and(|found| found.canary.is_some()));
    let log = |each: &AliasMove| histories.get(&each.key).map(|history| (each.key.clone(), history.log_at(each.to)));
    let logs = moves.iter().filter_map(log).collect();
    Ok(RollbackPlan { moves, logs, restores_latest, ends_canary })
}

async fn read_histories(
    aws: &Aws,
    stage: &StageContext,
    only: &[String],
    observer: &dyn DeployObserver,
) -> Result<BTreeMap<String, VersionHistory>> {
    let selected: BTreeSet<String> = only.iter().cloned().collect();
    let actual = read_actual(aws, stage, &selected, !only.is_empty()).await?;
    check_owned(stage, &actual.unmanaged)?;
    let mut histories = BTreeMap::new();
    for (key, function) in &actual.functions {
        match &function.deployed {
            None if selected.contains(key) => {
                return Err(Error::app(format!("{} is not deployed to {stage}", function_label(key))));
            }
            None => {}
            Some(deployed) => {
                let live = deployed.live.as_ref().and_then(|live| live.number.parse().ok()).unwrap_or_default();
                let name = stage.function_name(key);
                let in_context =
                    |error: AwsError| error.into_app_error(format!("failed to list the versions of function `{name}`"));
                let descriptions = read_version_descriptions(aws, &name).await.map_err(in_context)?;
                let canary = deployed.tags.get(CANARY_TAG).map(|tag| CanaryTag::parse(tag));
                let log = match read_log(aws, &name).await {
                    Err(error) if error.is_denied() => {
                        observer.warning(&denied_warning(&name, &error));
                        AliasLog::default()
                    }
                    read => read.map_err(|error| {
                        error.into_app_error(format!("failed to read the alias `{ALIAS}` of function `{name}`"))
                    })?,
                };
                let mut history = VersionHistory { live, log, descriptions, canary };
                complete_history(aws, &name, &mut history).await.map_err(in_context)?;
                histories.insert(key.clone(), history);
            }
        }
    }
    Ok(histories)
}

async fn read_log(aws: &Aws, name: &str) -> std::result::Result<AliasLog, AwsError> {
    let request = || aws.lambda.get_alias().function_name(name).name(ALIAS).send();
    let alias = optional(call(Idempotency::Idempotent, request).await)?;
    Ok(AliasLog::parse(alias.as_ref().and_then(|alias| alias.description()).unwrap_or_default()))
}

/// Adds the live version and the one before it if the list does not have them: it may be some seconds old.
async fn complete_history(aws: &Aws, name: &str, history: &mut VersionHistory) -> std::result::Result<(), AwsError> {
    for is_previous in [false, true] {
        let logged = history.log.in_use().nth(1).map(|entry| entry.version);
        let previous = logged.or_else(|| history.live_description().and_then(|live| live.previous));
        let number = if is_previous { previous } else { Some(history.live) };
        let Some(number) = number.filter(|number| *number > 0 && !history.descriptions.contains_key(number)) else {
            continue;
        };
        let request = || aws.lambda.get_function().function_name(name).qualifier(number.to_string()).send();
        let Some(response) = optional(call(Idempotency::Idempotent, request).await)? else { continue };
        let description = response.configuration().and_then(|configuration| configuration.description());
        history.descriptions.insert(number, description.unwrap_or_default().to_owned());
    }
    Ok(())
}

/// Returns the move of each function, and the keys of the functions that have no earlier version. Without a selection, only
/// functions whose alias was moved by the newest deploy are moved: that deploy did not change the others.
fn plan_moves(
    stage: &StageContext,
    histories: &BTreeMap<String, VersionHistory>,
    is_selection: bool,
) -> (Vec<AliasMove>, Vec<String>) {
    // The last deploy was stopped during its canary: its versions have a part of the calls, and the live ones were not changed.
    let canaries = histories.iter().filter_map(|(key, history)| {
        // The tag of a canary that was good is removed after the alias has moved.
        let from = history.canary.as_ref().map(|canary| canary.version).filter(|version| *version != history.live)?;
        Some(AliasMove { key: key.clone(), function: stage.function_name(key), from, to: history.live })
    });
    let canaries: Vec<AliasMove> = canaries.collect();
    if !canaries.is_empty() {
        return (canaries, Vec::new());
    }
    let last = last_deploys(histories);
    let mut moves = Vec::new();
    let mut without_previous = Vec::new();
    for (key, history) in histories {
        if !is_selection && !last.contains(&history.live_deploy()) {
            continue;
        }
        match history.previous() {
            Some(to) => {
                let function = stage.function_name(key);
                moves.push(AliasMove { key: key.clone(), function, from: history.live, to });
            }
            None => without_previous.push(key.clone()),
        }
    }
    (moves, without_previous)
}

/// Returns the newest deploy that moved an alias, and those before it that it continued: they had moved only some of their aliases
/// when they were stopped.
fn last_deploys(histories: &BTreeMap<String, VersionHistory>) -> BTreeSet<u64> {
    let mut last: BTreeSet<u64> = histories.values().map(VersionHistory::live_deploy).max().into_iter().collect();
    let moved: BTreeSet<u64> = histories.values().map(VersionHistory::live_deploy).collect();
    loop {
        let of_last = histories.values().filter(|history| last.contains(&history.live_deploy()));
        let unfinished: BTreeSet<u64> = of_last.flat_map(VersionHistory::unfinished_deploys).collect();
        let continued: Vec<u64> =
            unfinished.intersection(&moved).filter(|deploy| !last.contains(*deploy)).copied().collect();
        if continued.is_empty() {
            return last;
        }
        last.extend(continued);
    }
}

impl VersionHistory {
    fn live_description(&self) -> Option<VersionDescription> {
        VersionDescription::parse(self.descriptions.get(&self.live)?)
    }

    /// Returns the log of the alias when it points to a version.
    fn log_at(&self, version: u64) -> AliasLog {
        let deploy_of = |number: u64| {
            let description = self.descriptions.get(&number).and_then(|text| VersionDescription::parse(text));
            description.map(|description| description.deploy).unwrap_or_default()
        };
        // An earlier version of this tool may have moved the alias since the last entry.
        self.log.clone().now_at(self.live, deploy_of(self.live)).at(version, deploy_of(version))
    }

    /// Returns the deploy that moved the alias or, if there is no log of that, that published the live version. 0 if neither is
    /// known.
    fn live_deploy(&self) -> u64 {
        self.log_at(self.live).current().map(|entry| entry.deploy).unwrap_or_default()
    }

    /// Returns the deploys that have published versions since the one before the live one, but never moved the alias.
    fn unfinished_deploys(&self) -> BTreeSet<u64> {
        // Without a log, it is not known which versions were in use.
        if self.log.current().is_none_or(|entry| entry.version != self.live) {
            return BTreeSet::new();
        }
        // The log does not go back to the first deploy if an earlier version of this tool made it, or if there was no room.
        let before = self.previous().unwrap_or_default();
        let newer = self.descriptions.range(..=self.live).filter(|(number, _)| **number > before);
        let deploys = newer.filter_map(|(_, text)| Some(VersionDescription::parse(text)?.deploy));
        deploys.filter(|deploy| !self.log.has_deploy(*deploy)).collect()
    }

    /// Returns whether a version calls the aliases of other functions.
    fn calls_aliases(&self, number: u64) -> bool {
        let description = self.descriptions.get(&number).and_then(|text| VersionDescription::parse(text));
        description.is_some_and(|description| description.calls_aliases)
    }

    /// Returns the version that was in use before the live one, which the log says or, if it does not go back so far, the
    /// description of the live version. That is not always the next lower number, because that version may have been rolled
    /// back. The next lower number is used only if the version was deleted or if nothing says it.
    fn previous(&self) -> Option<u64> {
        let log = self.log_at(self.live);
        let mut earlier = log.in_use().skip(1).map(|entry| entry.version);
        if let Some(number) = earlier.find(|number| self.descriptions.contains_key(number)) {
            return Some(number);
        }
        match self.live_description() {
            Some(VersionDescription { previous: Some(number), .. }) if self.descriptions.contains_key(&number) => {
                Some(number)
            }
            Some(VersionDescription { previous: None, .. }) => None,
            _ => self.descriptions.range(..self.live).next_back().map(|(number, _)| *number),
        }
    }
}

/// What the moves of a rollback share.
struct RollbackContext<'a> {
    aws: &'a Aws,
    stage: &'a StageContext,
    observer: &'a dyn DeployObserver,
    interrupt: &'a Interrupt,
    plan: &'a RollbackPlan,
}

impl RollbackContext<'_> {
    async fn apply_moves(&self) -> Result<usize> {
        let moves = &self.plan.moves;
        let results = map_concurrently(moves, MAX_CONCURRENT_FUNCTIONS, async |alias_move| {
            self.interrupt.check()?;
            let started = Instant::now();
            let function = &alias_move.function;
            if let Err(error) = self.apply_move(alias_move).await {
                let error = error.into_error(format!("failed to roll back function `{function}`"));
                self.observer.failed(function, &error);
                return Err(error);
            }
            self.observer.function_rolled_back(alias_move, started.elapsed());
            Ok(())
        });
        let mut tally = Tally::new("functions");
        tally.add_results(moves.iter().map(|alias_move| alias_move.function.clone()), results.await);
        tally.into_result()
    }

    /// Moves the alias last, so that the same command repeats the rollback if it was stopped earlier.
    async fn apply_move(&self, alias_move: &AliasMove) -> StepResult {
        let AliasMove { key, function, to, .. } = alias_move;
        let to = to.to_string();
        if self.plan.restores_latest {
            restore_latest(self.aws, self.stage, function, &to).await?;
        }
        if self.plan.ends_canary {
            return shift::end(self.aws, self.stage, key, &to).await;
        }
        point_alias(self.aws, function, &to, self.plan.logs.get(key)).await
    }
}

/// Gives the function itself the code and settings of a version.
async fn restore_latest(aws: &Aws, stage: &StageContext, function: &str, to: &str) -> StepResult {
    let request = || aws.lambda.get_function().function_name(function).qualifier(to).send();
    let response = call(Idempotency::Idempotent, request).await?;
    let (Some(configuration), Some(code)) = (response.configuration(), response.code()) else {
        return Err(Error::app(format!("AWS returned no code of version {to}")).into());
    };
    if let Some(error) = configuration.environment().and_then(|environment| environment.error()) {
        let error = Error::app(format!("AWS could not read the environment variables of version {to}"))
            .cause(format!("{}: {}", error.error_code().unwrap_or_default(), error.message().unwrap_or_default()))
            .help("you need the permission `kms:Decrypt` for the key of the function");
        return Err(error.into());
    }
    let version = version_from(configuration);
    let zip = download(code.location().unwrap_or_default()).await?;
    if Digest::of(&zip).base64() != version.code_sha256 {
        return Err(Error::app(format!("the downloaded code is not that of version {to}")).into());
    }
    let layers = version.layers.clone().unwrap_or_default();
    let members = changed_members(aws, function, &version.settings.members).await?;
    update_settings(aws, function, &version.settings, &layers, &members, None).await?;
    let upload = upload(aws, stage, function, zip).await?;
    update_code(aws, function, upload, &version, None).await.map(drop)
}

/// Returns the members of a version that differ from those of the function. The description of a version says which deploy
/// published it, and is not that of the function.
async fn changed_members(aws: &Aws, function: &str, version: &Members) -> std::result::Result<Members, StepError> {
    let request = || aws.lambda.get_function().function_name(function).send();
    let response = call(Idempotency::Idempotent, request).await?;
    let latest = response.configuration().map(actual_members).unwrap_or_default();
    let is_changed = |(name, value): &(&String, &Value)| *name != DESCRIPTION && latest.get(*name) != Some(*value);
    Ok(version.iter().filter(is_changed).map(|(name, value)| (name.clone(), value.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_fixtures::stage;

    fn history(live: u64, versions: &[(u64, &str)]) -> VersionHistory {
        let descriptions = versions.iter().map(|(number, text)| (*number, (*text).to_owned())).collect();
        VersionHistory { live, log: AliasLog::default(), descriptions, canary: None }
    }

    fn three_histories() -> BTreeMap<String, VersionHistory> {
        let counter = [(1, "deploy 100"), (2, "deploy 200 after 1"), (3, "deploy 300 after 2")];
        BTreeMap::from([
            ("counter".to_owned(), history(3, &counter)),
            ("greeter".to_owned(), history(1, &[(1, "deploy 300")])),
            ("reporter".to_owned(), history(2, &[(1, "deploy 100"), (2, "deploy 200 after 1")])),
        ])
    }

    fn alias_move(key: &str, from: u64, to: u64) -> AliasMove {
        AliasMove { key: key.to_owned(), function: stage().function_name(key), from, to }
    }

    fn moves(histories: &BTreeMap<String, VersionHistory>, is_selection: bool) -> (Vec<AliasMove>, Vec<String>) {
        plan_moves(&stage(), histories, is_selection)
    }

    #[test]
    fn rollback_moves_only_what_the_last_deploy_changed() {
        let expected = (vec![alias_move("counter", 3, 2)], vec!["greeter".to_owned()]);
        assert_eq!(moves(&three_histories(), false), expected);
    }

    #[test]
    fn second_rollback_undoes_the_second_last_deploy() {
        let mut histories = three_histories();
        histories.remove("greeter");
        if let Some(counter) = histories.get_mut("counter") {
            counter.live = 2;
        }
        assert_eq!(moves(&histories, false).0, [alias_move("counter", 2, 1), alias_move("reporter", 2, 1)]);
    }

    #[test]
    fn selected_functions_are_moved_from_any_deploy() {
        let mut histories = three_histories();
        histories.remove("counter");
        let expected = (vec![alias_move("reporter", 2, 1)], vec!["greeter".to_owned()]);
        assert_eq!(moves(&histories, true), expected);
    }

    #[test]
    fn rolled_back_versions_are_skipped() {
        let counter = [(1, "deploy 100"), (2, "deploy 200 after 1"), (3, "deploy 300 after 1")];
        let histories = BTreeMap::from([("counter".to_owned(), history(3, &counter))]);
        assert_eq!(moves(&histories, false).0, [alias_move("counter", 3, 1)]);
    }

    #[test]
    fn canary_of_a_stopped_deploy_is_ended_first() {
        let mut histories = three_histories();
        if let Some(counter) = histories.get_mut("counter") {
            counter.live = 2;
            counter.canary = Some(CanaryTag { version: 3, percent: 10 });
        }
        // Version 2 stays, and gets all calls.
        assert_eq!(moves(&histories, false), (vec![alias_move("counter", 3, 2)], Vec::new()));
        assert_eq!(moves(&histories, true), (vec![alias_move("counter", 3, 2)], Vec::new()));
        // The deploy was stopped after the alias had moved.
        if let Some(counter) = histories.get_mut("counter") {
            counter.live = 3;
        }
        assert_eq!(moves(&histories, false).0, [alias_move("counter", 3, 2)]);
    }

    /// A function whose alias has a log.
    fn logged(live: u64, log: &str, versions: &[(u64, &str)]) -> VersionHistory {
        VersionHistory { log: AliasLog::parse(log), ..history(live, versions) }
    }

    fn keys(histories: &BTreeMap<String, VersionHistory>) -> Vec<String> {
        moves(histories, false).0.into_iter().map(|each| format!("{} {}→{}", each.key, each.from, each.to)).collect()
    }

    /// Versions of deploy 200, which a canary has published and not put in use.
    const OF_CANARY: [(u64, &str); 2] = [(1, "deploy 100"), (2, "deploy 200 after 1")];

    #[test]
    fn deploy_after_a_canary_is_undone_as_a_whole() {
        let repaired = [OF_CANARY[0], OF_CANARY[1], (3, "deploy 300 after 1")];
        let mut histories = BTreeMap::from([
            ("counter".to_owned(), logged(3, "deploys 3@300 1@100", &repaired)),
            ("reporter".to_owned(), logged(2, "deploys 2@300 1@100", &OF_CANARY)),
            ("greeter".to_owned(), logged(1, "deploys 1@100", &[(1, "deploy 100")])),
        ]);
        assert_eq!(keys(&histories), ["counter 3→1", "reporter 2→1"]);
        // A second deploy of one worker is another one, although the same canary has published both versions.
        histories.insert("counter".to_owned(), logged(2, "deploys 2@250 1@100", &OF_CANARY));
        assert_eq!(keys(&histories), ["reporter 2→1"]);
    }

    #[test]
    fn continued_deploys_are_undone_together() {
        let repaired = [OF_CANARY[0], OF_CANARY[1], (3, "deploy 300 after 1")];
        let mut histories = BTreeMap::from([
            // Deploy 200 was killed after it had moved this alias only.
            ("counter".to_owned(), logged(2, "deploys 2@200 1@100", &OF_CANARY)),
            ("reporter".to_owned(), logged(2, "deploys 2@300 1@100", &OF_CANARY)),
            ("greeter".to_owned(), logged(3, "deploys 3@300 1@100", &repaired)),
        ]);
        let all = ["counter 2→1", "greeter 3→1", "reporter 2→1"];
        assert_eq!(keys(&histories), all);
        histories.remove("reporter");
        assert_eq!(keys(&histories), ["counter 2→1", "greeter 3→1"]);
        // Deploy 200 was complete, and this worker was rolled back before deploy 300.
        histories.insert("greeter".to_owned(), logged(3, "deploys 3@300 -2@200 1@100", &repaired));
        assert_eq!(keys(&histories), ["greeter 3→1"]);
    }

    #[test]
    fn alias_that_an_earlier_tool_has_moved_is_known() {
        let versions = [(1, "deploy 100"), (2, "deploy 200 after 1"), (3, "deploy 300 after 2")];
        // It has deployed version 3, and kept the description of the alias.
        let deployed = logged(3, "deploys 2@200 1@100", &versions);
        assert_eq!((deployed.live_deploy(), deployed.previous()), (300, Some(2)));
        assert_eq!(deployed.log_at(2).to_string(), "deploys 2@200 -3@300");
        // It has deployed several times, or rolled back to version 2 before that.
        let versions_of = |live: &'static str| [(2, "deploy 200 after 1"), (3, "deploy 300 after 2"), (4, live)];
        let often = logged(4, "deploys 2@200 1@100", &versions_of("deploy 400 after 3"));
        assert_eq!((often.live_deploy(), often.previous()), (400, Some(3)));
        let again = logged(4, "deploys 3@300 2@200", &versions_of("deploy 400 after 2"));
        assert_eq!((again.live_deploy(), again.previous()), (400, Some(2)));
        // It has rolled back to version 1.
        let rolled_back = logged(1, "deploys 3@300 2@200 1@100", &versions);
        assert_eq!((rolled_back.live_deploy(), rolled_back.previous()), (100, None));
        // Without a log, the descriptions of the versions say it.
        let unlogged = history(3, &versions);
        assert_eq!((unlogged.live_deploy(), unlogged.previous()), (300, Some(2)));
        assert_eq!(unlogged.log_at(2).to_string(), "deploys 2@200 -3@300");
        assert_eq!(logged(2, "deploys 2@200 -3@300", &versions).previous(), Some(1));
    }

    #[test]
    fn deploys_before_the_log_are_finished() {
        // All were deployed by an earlier version of this tool; then version 4 of `a` was rolled back.
        let a = [(1, "deploy 50"), (2, "deploy 100 after 1"), (3, "deploy 200 after 2"), (4, "deploy 300 after 3")];
        let b = [(1, "deploy 50"), (2, "deploy 100 after 1")];
        let histories =
            BTreeMap::from([("a".to_owned(), logged(3, "deploys 3@200 -4@300", &a)), ("b".to_owned(), history(2, &b))]);
        assert_eq!(moves(&histories, false).0, [alias_move("a", 3, 2)]);
    }

    #[test]
    fn deleted_versions_are_skipped() {
        let counter = [(2, "deploy 1"), (7, "deploy 3 after 6"), (8, "")];
        let histories = BTreeMap::from([("counter".to_owned(), history(7, &counter))]);
        assert_eq!(moves(&histories, false).0, [alias_move("counter", 7, 2)]);
    }
}
