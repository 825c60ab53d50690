//! Reads the settings of stages: they replace those of all stages. Settings that the build depends on are the same in
//! all stages, because all stages deploy the same build.

use std::collections::BTreeMap;

use super::function::FunctionSettings;
use super::function_reader::{ENDPOINT_KEYS, WORKER_KEYS};
use super::reader::{Reader, Value};
use super::stages::StageSettings;
use super::trigger_conflicts::trigger_conflicts;

const STAGE_KEYS: &[&str] = &["alarms", "deploy", "endpoint", "workers"];
/// Settings that the build or the local runtime depends on.
const STAGELESS_KEYS: &[&str] =
    &["allow", "architecture", "bundle", "invokes", "isolation", "redact", "runtime", "workers-dir"];

impl Reader<'_> {
    /// Reads the table `stages`, where `of_all` are the settings of all stages.
    pub(super) fn stages(&mut self, value: &Value<'_>, of_all: &StageSettings) -> BTreeMap<String, StageSettings> {
        let mut stages = BTreeMap::new();
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, "stages", "a table of tables, one for each stage");
            return stages;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let path = format!("stages.{name}");
            if is_stage_name(name) {
                stages.insert(name.to_owned(), self.stage(value, &path, of_all));
            } else {
                let location = self.table.manifest.location(&key.span());
                let message = format!("{location}: `{}` is not a valid stage name", name.escape_debug());
                let help = "use lower-case letters, digits, `_` and `-`, starting with a letter";
                self.problems.push(crate::problem::Problem::new(message).help(help));
            }
        }
        stages
    }

    fn stage(&mut self, value: &Value<'_>, path: &str, of_all: &StageSettings) -> StageSettings {
        let mut stage = StageSettings::default();
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, path, "a table with `alarms`, `deploy`, `endpoint` and `workers`, or some of them");
            return stage;
        };
        let of_all_stages = std::mem::take(&mut self.triggers);
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let path = format!("{path}.{name}");
            match name {
                "alarms" => {
                    self.record_origin(&path, value);
                    stage.alarms = self.alarms(value, &path);
                }
                "deploy" => {
                    stage.deploy = Some(self.deploy(value, &path, of_all.deploy.clone().unwrap_or_default()));
                }
                "endpoint" => {
                    stage.endpoint = Some(self.override_of(
                        value,
                        &path,
                        ENDPOINT_KEYS,
                        of_all.endpoint.clone().unwrap_or_default(),
                    ));
                }
                "workers" => stage.workers = self.stage_workers(value, &path, of_all),
                name if STAGELESS_KEYS.contains(&name) => self.same_in_all_stages(value, &path),
                _ => self.unknown_key(name, &key.span(), &format!("[package.metadata.bedrock.{path}]"), STAGE_KEYS),
            }
        }
        self.check_stage_triggers(&of_all_stages, &stage, of_all);
        self.triggers = of_all_stages;
        stage
    }

    /// Compares the triggers of the stage with each other, and with those of all stages that it keeps.
    fn check_stage_triggers(
        &mut self,
        of_all_stages: &[super::triggers::TriggerDeclaration],
        stage: &StageSettings,
        of_all: &StageSettings,
    ) {
        let own = std::mem::take(&mut self.triggers);
        let is_kept = |worker: &String| {
            let changed = stage.workers.get(worker).map(|worker| &worker.triggers);
            changed.is_none_or(|triggers| of_all.workers.get(worker).is_some_and(|all| all.triggers == *triggers))
        };
        let is_own = |worker: &String| own.iter().any(|declaration| declaration.worker == *worker);
        let kept =
            of_all_stages.iter().filter(|declaration| is_kept(&declaration.worker) && !is_own(&declaration.worker));
        let in_force: Vec<_> = kept.chain(&own).cloned().collect();
        if !own.is_empty() {
            self.problems.extend(trigger_conflicts(&in_force));
        }
    }

    fn stage_workers(
        &mut self,
        value: &Value<'_>,
        path: &str,
        of_all: &StageSettings,
    ) -> BTreeMap<String, FunctionSettings> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_value(value, path, "a table of tables, one for each worker");
            return BTreeMap::new();
        };
        let mut workers = BTreeMap::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let of_all_stages = of_all.workers.get(name).cloned().unwrap_or_default();
            let is_durable = of_all_stages.durable.is_some();
            let worker = self.override_of(value, &format!("{path}.{name}"), WORKER_KEYS, of_all_stages);
            if worker.durable.is_some() && !is_durable {
                let reason = "make the worker durable in one stage only: its code is the same in all stages";
                self.not_allowed(value, &format!("{path}.{name}.durable"), reason);
            }
            workers.insert(name.to_owned(), worker);
        }
        workers
    }

    fn override_of(
        &mut self,
        value: &Value<'_>,
        path: &str,
        known_keys: &[&str],
        of_all_stages: FunctionSettings,
    ) -> FunctionSettings {
        let table = value.get_ref().as_table();
        let stageless = table.into_iter().flatten().filter(|(key, _)| STAGELESS_KEYS.contains(&key.get_ref().as_ref()));
        for (key, value) in stageless {
            self.same_in_all_stages(value, &format!("{path}.{}", key.get_ref()));
        }
        self.function(value, path, known_keys, of_all_stages)
    }

    fn same_in_all_stages(&mut self, value: &Value<'_>, path: &str) {
        self.not_allowed(value, path, "differ between stages: all stages deploy the same build");
    }
}

/// Returns whether `name` is a valid name of a stage: words of lower-case letters and digits, separated by `-` or `_`.
fn is_stage_name(name: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.split(['-', '_']).all(is_word)
}

#[cfg(test)]
mod tests;
