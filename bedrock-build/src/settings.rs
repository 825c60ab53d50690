//! What `[package.metadata.bedrock]` of the app says. An unknown key or a wrong value is a problem with file and line.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::DeValue;

use crate::manifest::Table;
use crate::near::nearest;
use crate::{Problem, WorkerName};

const APP_KEYS: &[&str] = &["endpoint", "workers", "workers-dir"];
const ENDPOINT_KEYS: &[&str] = &["memory", "timeout"];
const WORKER_KEYS: &[&str] = &["invokes", "memory", "timeout"];

/// Seconds a function may run. Lambda's documents still say 900 where its API model says more, so 900 is the limit.
const TIMEOUT: RangeInclusive<u64> = 1..=900;
/// Megabytes of memory of an ordinary function (AWS documentation, Lambda quotas).
const MEMORY: RangeInclusive<u64> = 128..=10_240;

/// All settings of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Folder of the workers, relative to the app. Default `workers`.
    pub workers_dir: String,
    /// Of the endpoint.
    pub endpoint: FunctionSettings,
    /// Of each worker that has a table of its own.
    pub workers: BTreeMap<String, FunctionSettings>,
}

/// What Lambda needs to know of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSettings {
    /// Seconds one invocation may take. Default 30.
    pub timeout: u64,
    /// Megabytes. Default 256.
    pub memory: u64,
    /// Workers that are called by a name which the code computes.
    pub invokes: Vec<String>,
}

impl Default for FunctionSettings {
    fn default() -> Self {
        Self { timeout: 30, memory: 256, invokes: Vec::new() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { workers_dir: "workers".to_owned(), endpoint: FunctionSettings::default(), workers: BTreeMap::new() }
    }
}

impl Settings {
    /// Reads the table `[package.metadata.bedrock]`; all problems at once.
    pub(crate) fn read(table: Table<'_>) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader { table, problems: Vec::new() };
        let mut settings = Self::default();
        for (key, span, value) in table.entries() {
            match key {
                "workers-dir" => match value.get_ref().as_str().filter(|dir| is_inside(dir)) {
                    Some(dir) => dir.trim_end_matches('/').clone_into(&mut settings.workers_dir),
                    None => reader.wrong(value, "workers-dir", "a relative path inside the app"),
                },
                "endpoint" => settings.endpoint = reader.function(value, "endpoint", ENDPOINT_KEYS),
                "workers" => settings.workers = reader.workers(value),
                _ => reader.unknown(key, &span, "[package.metadata.bedrock]", APP_KEYS),
            }
        }
        if reader.problems.is_empty() { Ok(settings) } else { Err(reader.problems) }
    }

    /// The settings of one worker, defaults where it has no table.
    pub fn of_worker(&self, name: &WorkerName) -> FunctionSettings {
        self.workers.get(name.as_str()).cloned().unwrap_or_default()
    }
}

struct Reader<'a> {
    table: Table<'a>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn workers(&mut self, value: &Spanned<DeValue<'_>>) -> BTreeMap<String, FunctionSettings> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(value, "workers", "a table of tables, one for each worker");
            return BTreeMap::new();
        };
        let mut workers = BTreeMap::new();
        for (name, value) in table {
            let name = name.get_ref().as_ref();
            workers.insert(name.to_owned(), self.function(value, &format!("workers.{name}"), WORKER_KEYS));
        }
        workers
    }

    fn function(&mut self, value: &Spanned<DeValue<'_>>, path: &str, known: &[&str]) -> FunctionSettings {
        let mut settings = FunctionSettings::default();
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(value, path, "a table");
            return settings;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full = format!("{path}.{name}");
            if !known.contains(&name) {
                self.unknown(name, &key.span(), &format!("[package.metadata.bedrock.{path}]"), known);
            } else if name == "timeout" {
                self.number(value, &full, "seconds", &TIMEOUT, &mut settings.timeout);
            } else if name == "memory" {
                self.number(value, &full, "megabytes", &MEMORY, &mut settings.memory);
            } else {
                self.names(value, &full, &mut settings.invokes);
            }
        }
        settings
    }

    fn number(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        path: &str,
        unit: &str,
        range: &RangeInclusive<u64>,
        into: &mut u64,
    ) {
        let number = value.get_ref().as_integer().and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        match number.filter(|n| range.contains(n)) {
            Some(n) => *into = n,
            None => {
                self.wrong(value, path, &format!("a whole number of {unit} from {} to {}", range.start(), range.end()));
            }
        }
    }

    fn names(&mut self, value: &Spanned<DeValue<'_>>, path: &str, into: &mut Vec<String>) {
        let names: Option<Vec<String>> = value
            .get_ref()
            .as_array()
            .and_then(|array| array.iter().map(|v| v.get_ref().as_str().map(str::to_owned)).collect());
        match names {
            Some(names) => *into = names,
            None => self.wrong(value, path, "a list of worker names"),
        }
    }

    fn wrong(&mut self, value: &Spanned<DeValue<'_>>, path: &str, expected: &str) {
        let place = self.table.file.place(&value.span());
        let found = self.table.file.text.get(value.span()).unwrap_or_default();
        let found = found.lines().next().unwrap_or_default();
        self.problems.push(Problem::new(format!("{place}: `{path}` must be {expected}, found `{found}`")));
    }

    fn unknown(&mut self, key: &str, span: &std::ops::Range<usize>, table: &str, known: &[&str]) {
        let place = self.table.file.place(span);
        let list = known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
        let mut problem = Problem::new(format!("{place}: unknown setting `{key}` in `{table}`"));
        if let Some(near) = nearest(key, known.iter().copied()) {
            problem = problem.help(format!("a setting with a similar name exists: `{near}`"));
        }
        self.problems.push(problem.help(format!("the settings known there are {list}")));
    }
}

fn is_inside(dir: &str) -> bool {
    use std::path::{Component, Path};
    !dir.is_empty() && Path::new(dir).components().all(|c| matches!(c, Component::Normal(_)))
}
