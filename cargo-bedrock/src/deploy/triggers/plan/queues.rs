//! Queues, and which functions take their messages.

use super::super::found::{FoundMapping, FoundQueue};
use super::super::names::last;
use super::super::step::TriggerStep as Step;
use super::super::wanted::{Mapping, OwnQueue, Queue};
use super::{PlannedTrigger, Scope, planned};
use crate::deploy::plan::Change;
use crate::deploy::version::changed;

pub(super) fn plan(scope: &Scope<'_>) -> Vec<PlannedTrigger> {
    let kept = scope.wanted.queues.iter().map(|(arn, queue)| keep(scope, arn, queue));
    let is_gone = |name: &String| !scope.wanted.queues.contains_key(&scope.site.queue_arn(name));
    let gone = scope.found.queues.iter().filter(|(name, _)| !scope.some && is_gone(name));
    let deleted = gone.map(|(name, found)| delete(scope, name, found));
    kept.chain(deleted).chain(let_go(scope)).collect()
}

fn keep(scope: &Scope<'_>, arn: &str, wanted: &Queue) -> PlannedTrigger {
    let (mut steps, mut reasons) = (Vec::new(), Vec::new());
    let mut exists = true;
    if let Some(own) = &wanted.own {
        match scope.found.queues.get(&own.name) {
            None => {
                exists = false;
                steps.push(Step::MakeQueue(own.clone()));
            }
            Some(found) => attributes(&mut steps, &mut reasons, own, found),
        }
    }
    let of_queue = |found: &&FoundMapping| found.queue_arn == arn;
    // A worker that had the queue before lets it go first: two of them would share its messages.
    for other in scope.found.mappings.iter().filter(of_queue).filter(|found| found.key != wanted.key) {
        steps.push(Step::Unmap(other.id.clone()));
        reasons.push(format!("worker {} → {}", other.key, wanted.key));
    }
    match scope.found.mappings.iter().filter(of_queue).find(|found| found.key == wanted.key) {
        None => {
            exists &= wanted.own.is_some();
            let (key, queue) = (wanted.key.clone(), arn.to_owned());
            steps.push(Step::Map { key, queue, mapping: wanted.mapping });
            if reasons.is_empty() {
                reasons.push(format!("worker {}", wanted.key));
            }
        }
        Some(found) => {
            let differences = wanted.mapping.differences(found);
            if !differences.is_empty() {
                steps.push(Step::Remap { id: found.id.clone(), mapping: wanted.mapping });
                reasons.extend(differences);
            }
        }
    }
    planned(format!("queue {}", last(arn)), exists, (scope.marks([&wanted.key]), steps), reasons)
}

fn attributes(steps: &mut Vec<Step>, reasons: &mut Vec<String>, wanted: &OwnQueue, found: &FoundQueue) {
    let receives = |count: Option<i32>| count.map_or("none".to_owned(), |count| count.to_string());
    let differences = [
        changed("visibility timeout", &found.visibility_timeout, &wanted.visibility_timeout),
        changed("receives", &receives(found.max_receives), &receives(Some(wanted.max_receives))),
    ];
    if differences.iter().any(Option::is_some) {
        steps.push(Step::SetQueue(wanted.clone()));
        reasons.extend(differences.into_iter().flatten());
    }
}

impl Mapping {
    fn differences(&self, found: &FoundMapping) -> Vec<String> {
        let old = &found.mapping;
        let shown = |truth: bool| if truth { "told" } else { "not told" };
        let differences = [
            changed("batch size", &old.batch_size, &self.batch_size),
            changed("batch window", &old.batch_window, &self.batch_window),
            changed("partial failures", &shown(old.partial_failures), &shown(self.partial_failures)),
            (!found.enabled).then(|| "it is switched off".to_owned()),
        ];
        differences.into_iter().flatten().collect()
    }
}

fn delete(scope: &Scope<'_>, name: &str, found: &FoundQueue) -> PlannedTrigger {
    let arn = scope.site.queue_arn(name);
    let mappings = scope.found.mappings.iter().filter(|mapping| mapping.queue_arn == arn);
    let mut steps: Vec<Step> = mappings.map(|mapping| Step::Unmap(mapping.id.clone())).collect();
    steps.push(Step::DeleteQueue(name.to_owned()));
    let reasons = match found.messages {
        0 => Vec::new(),
        1 => vec!["with the 1 message in it".to_owned()],
        many => vec![format!("with the {many} messages in it")],
    };
    PlannedTrigger { what: format!("queue {name}"), change: Change::Delete, reasons, steps, warning: None }
}

/// Queues that stay and invoke our functions no more: others', or any if only some functions are deployed.
fn let_go<'a>(scope: &'a Scope<'_>) -> impl Iterator<Item = PlannedTrigger> + 'a {
    let is_left = |found: &&FoundMapping| {
        let is_deleted = !scope.some && scope.found.queues.contains_key(last(&found.queue_arn));
        scope.keys.contains(&found.key) && !scope.wanted.queues.contains_key(&found.queue_arn) && !is_deleted
    };
    scope.found.mappings.iter().filter(is_left).map(|found| PlannedTrigger {
        what: format!("queue {}", last(&found.queue_arn)),
        change: Change::Update,
        reasons: vec![format!("no longer worker {}", found.key)],
        steps: vec![Step::Unmap(found.id.clone())],
        warning: None,
    })
}
