//! Going back to the version before: the alias `live` points to it again, and the function itself gets its code and its
//! settings, because workers call each other by their plain names. Rights, secrets' stores and logs stay as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use bedrock_build::App;
use serde_json::json;

use super::apply::{AT_ONCE, Source, Stop, point, summed, update_code, update_settings};
use super::desired::shown;
use super::mark::Mark;
use super::read::{self, version};
use super::refuse;
use super::run::{Request, known};
use super::stage::Site;
use super::together::together;
use crate::ask;
use crate::aws::{self, Aws, Repeat, call};
use crate::pack::Digest;
use crate::print::Deploying;
use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, Result};

/// The versions of one function.
#[derive(Debug, Clone, Default)]
struct History {
    /// What `live` points to.
    live: u64,
    /// Numbers, and what the deploy wrote on them.
    versions: BTreeMap<u64, String>,
}

/// From one version of a function to an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Move {
    key: String,
    from: u64,
    to: u64,
}

/// Takes the functions of the request, or those that the last deploy changed, one version back.
pub(crate) fn rollback(app: &App, request: &Request, told: &Arc<Deploying>) -> Result<()> {
    known(app, &request.only)?;
    aws::run(&request.access, async |aws| {
        let site = Site::of(app, request.stage.clone(), aws.place.clone())?;
        let histories = histories(&aws, &site, &request.only).await?;
        let (moves, first) = moves(&histories, !request.only.is_empty());
        for key in &first {
            told.warning(&format!("{} has no earlier version and stays as it is", shown(key)));
        }
        if moves.is_empty() {
            return Err(Error::app(format!("there is nothing to go back to in {}", site.shown())));
        }
        let shown: Vec<_> = moves.iter().map(|each| (site.function(&each.key), each.from, each.to)).collect();
        told.going_back(&shown)?;
        if request.dry_run {
            told.only_planned();
            return Ok(());
        }
        let interrupt = Interrupt::watch()?;
        if !request.yes {
            ask::agreed(&format!("roll back {}?", site.shown()))?;
        }
        carry_out(&aws, &site, &moves, told, &interrupt).await
    })
}

async fn histories(aws: &Aws, site: &Site, only: &[String]) -> Result<BTreeMap<String, History>> {
    let wanted: BTreeSet<String> = only.iter().cloned().collect();
    let actual = read::actual(aws, site, &wanted, !only.is_empty()).await?;
    refuse::foreign(site, &actual)?;
    let mut histories = BTreeMap::new();
    for (key, found) in &actual.functions {
        match &found.function {
            None if wanted.contains(key) => {
                return Err(Error::app(format!("{} is not deployed to {}", shown(key), site.shown())));
            }
            None => {}
            Some(deployed) => {
                let live = deployed.live.as_ref().and_then(|(number, _)| number.parse().ok()).unwrap_or_default();
                let name = site.function(key);
                let versions = read::versions(aws, &name).await;
                let versions =
                    versions.map_err(|failure| failure.app(format!("failed to list the versions of `{name}`")))?;
                histories.insert(key.clone(), History { live, versions });
            }
        }
    }
    Ok(histories)
}

/// Where each function goes, and which cannot go anywhere. Without a choice, those whose version in use is of the newest
/// deploy: the others were not changed by it.
fn moves(histories: &BTreeMap<String, History>, chosen: bool) -> (Vec<Move>, Vec<String>) {
    let newest = histories.values().filter_map(|history| Some(history.mark()?.deploy)).max();
    let (mut moves, mut first) = (Vec::new(), Vec::new());
    for (key, history) in histories {
        if !chosen && history.mark().map(|mark| mark.deploy) != newest {
            continue;
        }
        match history.before() {
            Some(to) => moves.push(Move { key: key.clone(), from: history.live, to }),
            None => first.push(key.clone()),
        }
    }
    (moves, first)
}

impl History {
    /// What is written on the version in use.
    fn mark(&self) -> Option<Mark> {
        Mark::parse(self.versions.get(&self.live)?)
    }

    /// What was in use before, which is not always the number before: that may have been rolled back itself. If it is not
    /// there any more or nobody wrote it down, the next lower one.
    fn before(&self) -> Option<u64> {
        let lower = || self.versions.range(..self.live).next_back().map(|(number, _)| *number);
        match self.mark() {
            Some(Mark { before: Some(number), .. }) if self.versions.contains_key(&number) => Some(number),
            Some(Mark { before: None, .. }) => None,
            _ => lower(),
        }
    }
}

async fn carry_out(aws: &Aws, site: &Site, moves: &[Move], told: &Arc<Deploying>, interrupt: &Interrupt) -> Result<()> {
    let names: Vec<String> = moves.iter().map(|each| site.function(&each.key)).collect();
    let results = together(moves.to_vec(), AT_ONCE, |Move { key, from, to }| {
        let (aws, name, told, interrupt) = (aws.clone(), site.function(&key), Arc::clone(told), interrupt.clone());
        async move {
            interrupt.check()?;
            let began = Instant::now();
            if let Err(stop) = back(&aws, &name, to).await {
                let error = stop.error("go back to the version before", &name);
                told.failed(&name, &error);
                return Err(error);
            }
            told.rolled_back(&name, (&from.to_string(), &to.to_string()), began.elapsed());
            Ok(())
        }
    });
    match summed(&names, results.await) {
        Ok(many) => {
            let what = if many == 1 { "1 function".to_owned() } else { format!("{many} functions") };
            told.ended(true, &format!("rolled back {what} of {}", site.shown()), &[("changed", json!(many))]);
            Ok(())
        }
        Err(error) => {
            told.ended(false, "", &[]);
            Err(error)
        }
    }
}

/// The alias comes last: until it points there, the same command begins anew.
async fn back(aws: &Aws, name: &str, to: u64) -> std::result::Result<(), Stop> {
    let to = to.to_string();
    let found = call(Repeat::Always, || aws.lambda.get_function().function_name(name).qualifier(&to).send()).await?;
    let (Some(configuration), Some(code)) = (found.configuration(), found.code()) else {
        return Err(Error::app(format!("AWS does not give version {to}")).into());
    };
    let version = version(configuration);
    let zip = aws::download(code.location().unwrap_or_default()).await?;
    if Digest::of(&zip).base64() != version.code {
        return Err(Error::app(format!("what AWS gives is not the code of version {to}")).into());
    }
    update_settings(aws, name, &version.settings, &version.layers.unwrap_or_default()).await?;
    update_code(aws, name, Source::Bytes(zip), &version.architecture).await?;
    point(aws, name, &to).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(live: u64, versions: &[(u64, &str)]) -> History {
        History { live, versions: versions.iter().map(|(number, mark)| (*number, (*mark).to_owned())).collect() }
    }

    fn three() -> BTreeMap<String, History> {
        let counter = [(1, "deploy 100"), (2, "deploy 200 after 1"), (3, "deploy 300 after 2")];
        BTreeMap::from([
            ("counter".to_owned(), history(3, &counter)),
            ("greeter".to_owned(), history(1, &[(1, "deploy 300")])),
            ("reporter".to_owned(), history(2, &[(1, "deploy 100"), (2, "deploy 200 after 1")])),
        ])
    }

    fn step(key: &str, from: u64, to: u64) -> Move {
        Move { key: key.to_owned(), from, to }
    }

    #[test]
    fn what_the_last_deploy_changed_goes_back_and_nothing_else() {
        assert_eq!(moves(&three(), false), (vec![step("counter", 3, 2)], vec!["greeter".to_owned()]));
    }

    #[test]
    fn going_back_twice_undoes_two_deploys() {
        let mut histories = three();
        histories.remove("greeter");
        if let Some(counter) = histories.get_mut("counter") {
            counter.live = 2;
        }
        assert_eq!(moves(&histories, false).0, [step("counter", 2, 1), step("reporter", 2, 1)]);
    }

    #[test]
    fn chosen_functions_go_back_whoever_deployed_them() {
        let mut histories = three();
        histories.remove("counter");
        assert_eq!(moves(&histories, true), (vec![step("reporter", 2, 1)], vec!["greeter".to_owned()]));
    }

    #[test]
    fn a_version_that_was_rolled_back_is_not_gone_back_to() {
        let counter = [(1, "deploy 100"), (2, "deploy 200 after 1"), (3, "deploy 300 after 1")];
        let histories = BTreeMap::from([("counter".to_owned(), history(3, &counter))]);
        assert_eq!(moves(&histories, false).0, [step("counter", 3, 1)]);
    }

    #[test]
    fn a_version_that_was_deleted_is_passed() {
        let counter = [(2, "deploy 1"), (7, "deploy 3 after 6"), (8, "")];
        let histories = BTreeMap::from([("counter".to_owned(), history(7, &counter))]);
        assert_eq!(moves(&histories, false).0, [step("counter", 7, 2)]);
    }
}
