//! Looks at what invokes the functions of a stage. Changes nothing, and asks nothing where no function has a trigger.

mod buckets;
mod queues;
mod schedules;

use std::collections::{BTreeMap, BTreeSet};

use super::found::FoundTriggers;
use super::wanted::{Wanted, wanted};
use crate::aws::{Aws, Failure};
use crate::deploy::actual::{Actual, Foreign};
use crate::deploy::desired::Desired;
use crate::deploy::stage::{OWNER_TAG, Site};
use bedrock_diagnostics::Result;

/// Adds the triggers to `actual`, and what is in the way of those of `desired`.
pub(in crate::deploy) async fn read(
    aws: &Aws,
    site: &Site,
    desired: &Desired,
    actual: &mut Actual,
    some: bool,
) -> Result<()> {
    let deployed = actual.functions.iter().filter_map(|(key, found)| Some((key, found.function.as_ref()?)));
    let deployed: Vec<_> = deployed.filter(|(key, _)| !some || desired.contains_key(*key)).collect();
    let marked: BTreeSet<String> =
        deployed.iter().filter(|(_, found)| found.has_triggers).map(|(key, _)| (*key).clone()).collect();
    let with_triggers = desired.iter().filter(|(_, function)| !function.triggers.is_empty());
    let keys: BTreeSet<String> = with_triggers.map(|(key, _)| key.clone()).chain(marked.iter().cloned()).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let mut look =
        Look { aws, site, keys, wanted: wanted(site, desired), found: FoundTriggers::default(), foreign: Vec::new() };
    look.found.marked = marked;
    let what = |what: &str| format!("failed to look at the {what} of {}", site.shown());
    look.schedules().await.map_err(|failure| failure.app(what("schedules")))?;
    look.queues().await.map_err(|failure| failure.app(what("queues")))?;
    look.buckets().await.map_err(|failure| failure.app(what("buckets")))?;
    actual.triggers = look.found;
    actual.foreign.extend(look.foreign);
    Ok(())
}

/// What is looked for, and what was seen.
struct Look<'a> {
    aws: &'a Aws,
    site: &'a Site,
    /// Workers that have or had triggers.
    keys: BTreeSet<String>,
    wanted: Wanted,
    found: FoundTriggers,
    foreign: Vec<Foreign>,
}

impl Look<'_> {
    fn is_ours(&self, tags: &BTreeMap<String, String>) -> bool {
        self.site.tags().iter().all(|(name, value)| tags.get(name) == Some(value))
    }

    fn is_in_the_way(&mut self, what: String, tags: &BTreeMap<String, String>) {
        self.foreign.push(Foreign { what, owner: tags.get(OWNER_TAG).cloned() });
    }
}

/// None if it is not there.
fn present<T>(answer: std::result::Result<T, Failure>) -> std::result::Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(failure) if failure.is_missing() => Ok(None),
        Err(failure) => Err(failure),
    }
}
