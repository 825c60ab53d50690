//! Looks at what there is on AWS of a stage. Changes nothing.
//!
//! Lists come first: functions, layers, log groups and policies by their names. Then each function is looked at, several at once.
//! AWS allows 15 requests a second to Lambda, all callers together, and many more of `GetFunction` alone; hence that one
//! where another would do too.

mod function;
mod lists;
pub(super) mod role;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::actual::{Actual, Foreign, Found};
use super::stage::{OWNER, OWNER_TAG, Site};
use super::together::together;
use crate::aws::Aws;
use bedrock_diagnostics::Result;
pub(crate) use function::{url, version, versions};
use lists::Lists;

/// Functions that are looked at at once; each takes up to eight requests.
const AT_ONCE: usize = 6;

/// What there is of the functions `wanted`, and of all others that have names of this stage. With `some`, of no others.
pub(crate) async fn actual(aws: &Aws, site: &Site, wanted: &BTreeSet<String>, some: bool) -> Result<Actual> {
    let lists = Arc::new(lists::read(aws, site).await?);
    let mut keys = wanted.clone();
    if !some {
        keys.extend(lists.keys());
    }
    let keys: Vec<(String, bool)> = keys.into_iter().map(|key| (key.clone(), wanted.contains(&key))).collect();
    let seen = together(keys, AT_ONCE, |(key, wanted)| {
        let (aws, site, lists) = (aws.clone(), site.clone(), Arc::clone(&lists));
        async move { one(&aws, &site, &lists, &key, wanted).await.map(|seen| (key, seen)) }
    });
    let mut actual = Actual::default();
    for seen in seen.await {
        match seen? {
            (key, Seen::Ours(found)) => {
                actual.functions.insert(key, *found);
            }
            (_, Seen::Foreign(foreign)) => actual.foreign.push(foreign),
            (_, Seen::Nothing) => {}
        }
    }
    actual.foreign.sort_by(|one, other| one.what.cmp(&other.what));
    Ok(actual)
}

/// What stands behind a name.
enum Seen {
    Ours(Box<Found>),
    Foreign(Foreign),
    /// Nothing of ours, and nothing that is in our way.
    Nothing,
}

async fn one(aws: &Aws, site: &Site, lists: &Lists, key: &str, wanted: bool) -> Result<Seen> {
    let name = site.function(key);
    let read = function::read(aws, site, key).await;
    let read = read.map_err(|failure| failure.app(format!("failed to look at function `{name}`")))?;
    match read {
        Some((tags, deployed)) => match owner(site, &tags) {
            Owner::Us => found(aws, site, lists, key, Some(deployed)).await,
            Owner::Other(owner) if wanted || owner.is_some() => {
                Ok(Seen::Foreign(Foreign { what: format!("function `{name}`"), owner }))
            }
            Owner::Other(_) => Ok(Seen::Nothing),
        },
        // A log group without a function is what a deploy or a destroy left that did not come to its end.
        None if wanted => found(aws, site, lists, key, None).await,
        None => {
            let tags = lists::log_tags(aws, site, key).await;
            let tags = tags.map_err(|failure| failure.app(format!("failed to look at the log group of `{name}`")))?;
            match owner(site, &tags) {
                Owner::Us => found(aws, site, lists, key, None).await,
                Owner::Other(_) => Ok(Seen::Nothing),
            }
        }
    }
}

async fn found(
    aws: &Aws,
    site: &Site,
    lists: &Lists,
    key: &str,
    function: Option<super::actual::Deployed>,
) -> Result<Seen> {
    let what = |failure: crate::aws::Failure| failure.app(format!("failed to look at `{}`", site.function(key)));
    let layers =
        async { if lists.layers.contains(key) { lists::versions(aws, site, key).await } else { Ok(Vec::new()) } };
    let (role, layers) = tokio::join!(role::read(aws, site, key), layers);
    let found = Found {
        log: lists.logs.get(key).cloned(),
        role: role.map_err(what)?,
        managed: lists.managed_of(&site.role(key)),
        layers: layers.map_err(what)?,
        function,
    };
    // Where there is no function that is ours, a role of that name may be anybody's.
    if let (None, Some(role)) = (&found.function, &found.role)
        && let Owner::Other(owner) = owner(site, &role.tags)
    {
        return Ok(Seen::Foreign(Foreign { what: format!("role `{}`", site.role(key)), owner }));
    }
    Ok(Seen::Ours(Box::new(found)))
}

enum Owner {
    Us,
    /// What it calls itself, if it has this stage's tags.
    Other(Option<String>),
}

fn owner(site: &Site, tags: &BTreeMap<String, String>) -> Owner {
    let ours = site.tags();
    if ours.iter().all(|(name, value)| tags.get(name) == Some(value)) {
        return Owner::Us;
    }
    let same_stage = ours.iter().all(|(name, value)| name == OWNER_TAG || tags.get(name) == Some(value));
    Owner::Other(tags.get(OWNER_TAG).filter(|owner| same_stage && owner.as_str() != OWNER).cloned())
}
