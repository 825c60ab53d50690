//! Plans each stream that invokes functions. Tables and Kinesis streams of the app are created and never deleted.

use super::super::actual::ActualStreamMapping;
use super::super::plan::{Planner, StepList};
use super::super::step::{PlannedTrigger, TriggerStep as Step};
use super::desired::{DesiredStream, StreamMapping, StreamSource, stream_name};
use crate::stage::ALIAS;
use crate::step::Change;
use crate::version::change_text;

impl Planner<'_> {
    pub(in super::super) fn plan_streams(&self) -> Vec<PlannedTrigger> {
        let desired = self.desired.streams.iter().map(|(source, stream)| self.plan_stream(source, stream));
        desired.chain(self.plan_stream_removals()).collect()
    }

    fn plan_stream(&self, source: &StreamSource, desired: &DesiredStream) -> PlannedTrigger {
        let mut list = StepList::default();
        let exists = self.plan_source(&mut list, source, desired);
        let is_source_new = !list.steps.is_empty();
        // The stream of a table that was disabled and enabled again is another stream.
        let current_arn = match source {
            StreamSource::Table(name) => self.actual.table_streams.get(name).map(|stream| stream.arn.clone()),
            _ => None,
        };
        let is_current = |actual: &&ActualStreamMapping| {
            !is_source_new && current_arn.as_ref().is_none_or(|arn| *arn == actual.source_arn)
        };
        let actual = || self.actual.stream_mappings.iter().filter(|each| source.has_arn(self.stage, &each.source_arn));
        for (key, mapping) in &desired.mappings {
            let source = source.clone();
            let key = key.clone();
            match actual().filter(is_current).find(|actual| actual.key == key) {
                None => {
                    list.reasons.push(format!("+{key}"));
                    list.steps.push(Step::CreateStreamMapping { key, source, mapping: Box::new(mapping.clone()) });
                }
                Some(actual) => {
                    let differences = differences(actual, mapping);
                    if !differences.is_empty() {
                        list.reasons.extend(differences);
                        let [mapping, old] = [mapping, &actual.mapping].map(|mapping| Box::new(mapping.clone()));
                        list.steps.push(Step::UpdateStreamMapping { id: actual.id.clone(), key, mapping, old });
                    }
                }
            }
        }
        for actual in actual().filter(|actual| self.keys.contains(&actual.key)) {
            if !desired.mappings.contains_key(&actual.key) {
                list.reasons.push(format!("-{}", actual.key));
                list.steps.push(Step::DeleteMapping(actual.id.clone()));
            } else if !is_current(&actual) {
                list.reasons.push(format!("another stream than {}", stream_name(&actual.source_arn)));
                list.steps.push(Step::DeleteMapping(actual.id.clone()));
            }
        }
        list.into_planned(self, source.title(), exists, desired.mappings.keys())
    }

    /// Adds the steps that create the source. Returns whether something of it exists already.
    fn plan_source(&self, list: &mut StepList, source: &StreamSource, desired: &DesiredStream) -> bool {
        let has_mapping =
            self.actual.stream_mappings.iter().any(|actual| source.has_arn(self.stage, &actual.source_arn));
        match source {
            StreamSource::Table(name) => {
                let exists = self.has_resource("table", name, &self.stage.table_arn(name));
                if let Some(key) = desired.table_key.clone().filter(|_| !exists) {
                    list.steps.push(Step::CreateTable(name.clone(), key));
                }
                if !self.actual.table_streams.contains_key(name) {
                    let view_type = desired.view_type.clone().unwrap_or_default();
                    list.steps.push(Step::EnableTableStream { table: name.clone(), view_type });
                    list.reasons.push("stream of the table".to_owned());
                }
                exists
            }
            StreamSource::Kinesis(name) => {
                let exists = self.has_resource("stream", name, &self.stage.stream_arn(name));
                list.steps.extend((!exists).then(|| Step::CreateStream(name.clone())));
                exists
            }
            StreamSource::Existing(_) => has_mapping,
        }
    }

    /// Deletes the mappings of functions of this deploy to streams that no trigger names. The streams are kept.
    fn plan_stream_removals(&self) -> impl Iterator<Item = PlannedTrigger> {
        let is_obsolete = |actual: &&ActualStreamMapping| {
            let is_desired = self.desired.streams.keys().any(|source| source.has_arn(self.stage, &actual.source_arn));
            self.keys.contains(&actual.key) && !is_desired
        };
        self.actual.stream_mappings.iter().filter(is_obsolete).map(|actual| PlannedTrigger {
            resource: format!("stream {}", stream_name(&actual.source_arn)),
            change: Change::Update,
            reasons: vec![format!("no longer invokes worker {}", actual.key)],
            steps: vec![Step::DeleteMapping(actual.id.clone())],
            warning: None,
        })
    }
}

/// Returns what is to be changed, for people. Where reading began counts only for new mappings.
fn differences(actual: &ActualStreamMapping, desired: &StreamMapping) -> Vec<String> {
    let old = &actual.mapping;
    let limit = |number: i32| if number < 0 { "none".to_owned() } else { number.to_string() };
    let on_or_off = |is_on: bool| if is_on { "on" } else { "off" };
    let numbers = [
        ("batch size", old.batch_size, desired.batch_size),
        ("batch window", old.batch_window_seconds, desired.batch_window_seconds),
        ("parallelization factor", old.parallelization_factor, desired.parallelization_factor),
        ("maximum retry attempts", old.maximum_retry_attempts, desired.maximum_retry_attempts),
        ("maximum record age", old.maximum_record_age_seconds, desired.maximum_record_age_seconds),
        ("tumbling window", old.tumbling_window_seconds, desired.tumbling_window_seconds),
    ];
    let switches = [
        ("bisect", old.bisects_batches, desired.bisects_batches),
        ("partial failures", old.reports_partial_failures, desired.reports_partial_failures),
    ];
    let destination = |mapping: &StreamMapping| mapping.on_failure.clone().unwrap_or_else(|| "none".to_owned());
    let numbers = numbers.into_iter().filter_map(|(name, old, new)| change_text(name, &limit(old), &limit(new)));
    let switches =
        switches.into_iter().filter_map(|(name, old, new)| change_text(name, &on_or_off(old), &on_or_off(new)));
    let others = [
        (old.filters != desired.filters).then(|| "filters".to_owned()),
        change_text("on failure", &destination(old), &destination(desired)),
        (!actual.is_enabled).then(|| "disabled".to_owned()),
        (!actual.invokes_alias).then(|| format!("alias `{ALIAS}`")),
    ];
    numbers.chain(switches).chain(others.into_iter().flatten()).collect()
}

#[cfg(test)]
mod tests;
