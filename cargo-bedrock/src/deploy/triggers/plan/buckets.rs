//! Buckets, and which functions hear of what changes in them.

use std::collections::BTreeSet;

use super::super::found::FoundBucket;
use super::super::step::TriggerStep as Step;
use super::super::wanted::{Bucket, Notice};
use super::{PlannedTrigger, Scope, planned};
use crate::deploy::plan::Change;

pub(super) fn plan(scope: &Scope<'_>) -> Vec<PlannedTrigger> {
    let nothing = FoundBucket::default();
    let found = |name: &String| scope.found.buckets.get(name).unwrap_or(&nothing);
    let kept = scope.wanted.buckets.iter().map(|(name, bucket)| keep(scope, name, bucket, found(name)));
    let gone = scope.found.buckets.iter().filter(|(name, _)| !scope.wanted.buckets.contains_key(*name));
    kept.chain(gone.filter_map(|(name, found)| let_go(scope, name, found))).collect()
}

/// What the bucket tells functions of this deploy.
fn heard(scope: &Scope<'_>, found: &FoundBucket) -> Vec<Notice> {
    found.notices.iter().filter(|notice| scope.keys.contains(&notice.key)).cloned().collect()
}

fn keep(scope: &Scope<'_>, name: &str, wanted: &Bucket, found: &FoundBucket) -> PlannedTrigger {
    let (mut steps, mut reasons) = (Vec::new(), Vec::new());
    let keys: BTreeSet<&String> = wanted.notices.iter().map(|notice| &notice.key).collect();
    for key in keys.iter().filter(|key| !found.permitted.contains(**key)) {
        steps.push(Step::Permit { key: (*key).clone(), bucket: name.to_owned() });
        reasons.push(format!("+{key}"));
    }
    // One without tags was made by a deploy that did not come to tag it.
    if wanted.own && !(found.exists && found.own) {
        steps.push(Step::MakeBucket(name.to_owned()));
    }
    if heard(scope, found) != wanted.notices {
        steps.push(notify(scope, name, &wanted.notices));
        reasons.push("what it tells of".to_owned());
    }
    for key in found.permitted.iter().filter(|key| !keys.contains(key) && scope.keys.contains(*key)) {
        steps.push(Step::Forbid { key: key.clone(), bucket: name.to_owned() });
        reasons.push(format!("-{key}"));
    }
    let exists = if wanted.own { found.exists } else { !found.permitted.is_empty() };
    planned(format!("bucket {name}"), exists, (scope.marks(keys), steps), reasons)
}

/// A bucket that is to invoke none of our functions. One of the app is deleted if there is nothing in it.
fn let_go(scope: &Scope<'_>, name: &str, found: &FoundBucket) -> Option<PlannedTrigger> {
    let mut steps = Vec::new();
    if found.exists && !heard(scope, found).is_empty() {
        steps.push(notify(scope, name, &[]));
    }
    let is_ours = found.own && found.exists && !scope.some;
    if is_ours && found.empty {
        steps.push(Step::DeleteBucket(name.to_owned()));
    }
    let permitted = found.permitted.iter().filter(|key| scope.keys.contains(*key));
    steps.extend(permitted.map(|key| Step::Forbid { key: key.clone(), bucket: name.to_owned() }));
    if steps.is_empty() {
        return None;
    }
    let (change, reasons, warning) = match (is_ours, found.empty) {
        (true, true) => (Change::Delete, Vec::new(), None),
        (true, false) => (Change::Update, vec!["stays, it is not empty".to_owned()], Some(warning(name))),
        (false, _) => (Change::Update, vec!["invokes nobody any more".to_owned()], None),
    };
    Some(PlannedTrigger { what: format!("bucket {name}"), change, reasons, steps, warning })
}

fn notify(scope: &Scope<'_>, name: &str, notices: &[Notice]) -> Step {
    Step::Notify { bucket: name.to_owned(), keys: scope.keys.iter().cloned().collect(), notices: notices.to_vec() }
}

fn warning(name: &str) -> String {
    format!("bucket `{name}` is not empty and stays: `aws s3 rb s3://{name} --force` deletes it with all that is in it")
}
