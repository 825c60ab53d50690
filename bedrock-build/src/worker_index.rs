//! The worker index: the list of workers that `invoke!` is checked against and that the local runtime runs.
//!
//! The build script passes it to the macros and to the program in one environment variable. Its text form has entries
//! separated by `;` and fields separated by `|`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::app::App;
use crate::edit_distance::suggest;
use crate::language::Language;
use crate::manifest::{Manifest, Table};
use crate::problem::Problem;
use crate::settings::{DurableSettings, Isolation};

/// The environment variable that passes the index to the compiler.
///
/// It keeps its old name: `bedrock-build` and `bedrock-rt` are separate dependencies of a user's app, which may resolve
/// to different versions.
pub const ENV_VARIABLE: &str = "BEDROCK_CATALOG";

/// The workers of an app, from the perspective of one of its crates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkerIndex {
    /// The workers, sorted by name.
    pub entries: Vec<WorkerEntry>,
}

/// A worker in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerEntry {
    /// The name of the worker.
    pub name: String,
    /// The language of the worker.
    pub language: Language,
    /// The folder, relative to the app's root, with `/` as separator.
    pub dir: String,
    /// The file that makes the folder a worker, for example `main.py`.
    pub entry: String,
    /// The timeout of an invocation, in seconds.
    pub timeout: u64,
    /// The memory size, in megabytes.
    pub memory: u64,
    /// Lambda's identifier of the runtime.
    pub runtime: String,
    /// The configuration of a durable worker. `None` for other workers.
    pub durable: Option<DurableSettings>,
    /// Whether each process of a Python worker runs one invocation at a time.
    pub is_isolated: bool,
    /// The name of the worker's crate in code. `Some` only for a Rust worker that this crate depends on.
    pub krate: Option<String>,
}

impl WorkerIndex {
    /// Creates the index of `app` for the crate in `crate_dir`, whose `Cargo.toml` lists the dependencies.
    pub fn of(app: &App, crate_dir: &Path) -> Result<Self, Problem> {
        let dependencies = dependencies(crate_dir)?;
        let entries = app
            .workers
            .iter()
            .map(|worker| WorkerEntry {
                name: worker.name.to_string(),
                language: worker.language,
                dir: worker.dir.clone(),
                entry: worker.entry.to_owned(),
                timeout: worker.settings.timeout,
                memory: worker.settings.memory,
                runtime: worker.runtime.id.to_owned(),
                durable: worker.settings.durable,
                is_isolated: worker.settings.isolation == Some(Isolation::Process),
                krate: dependencies.get(worker.name.as_str()).cloned(),
            })
            .collect();
        Ok(Self { entries })
    }

    /// Returns the index as programs for Lambda need it: names, languages and places only, so that it stays the same when
    /// settings change. Of a Rust worker it also has whether it is durable, which its code must agree with.
    #[must_use]
    pub fn without_settings(self) -> Self {
        let is_durable = |entry: &WorkerEntry| entry.durable.is_some() && entry.language == Language::Rust;
        let bare = |entry: WorkerEntry| {
            let durable = is_durable(&entry).then_some(DurableSettings { timeout: 0, retention: 0 });
            WorkerEntry { timeout: 0, memory: 0, runtime: String::new(), durable, is_isolated: false, ..entry }
        };
        Self { entries: self.entries.into_iter().map(bare).collect() }
    }

    /// Returns the worker called `name`.
    pub fn get(&self, name: &str) -> Option<&WorkerEntry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Returns the worker's name that `name` was probably meant to be.
    pub fn suggest(&self, name: &str) -> Option<&str> {
        suggest(name, self.entries.iter().map(|entry| entry.name.as_str()))
    }

    /// Returns the text form.
    pub fn encode(&self) -> String {
        let entries: Vec<String> = self
            .entries
            .iter()
            .map(|worker| {
                let timeout = worker.timeout.to_string();
                let memory = worker.memory.to_string();
                let krate = worker.krate.as_deref().unwrap_or_default();
                let language = worker.language.as_str();
                let fields =
                    [&worker.name, language, &worker.dir, &worker.entry, &timeout, &memory, &worker.runtime, krate];
                let durable = worker.durable.map(|durable| format!("{}:{}", durable.timeout, durable.retention));
                let isolation = worker.is_isolated.then(|| ISOLATED.to_owned());
                // Only such workers have these fields, so that other versions read the index of other apps.
                fields.map(escape).into_iter().chain(durable).chain(isolation).collect::<Vec<_>>().join("|")
            })
            .collect();
        entries.join(";")
    }

    /// Parses the text form. Returns `None` if it was not written by [`WorkerIndex::encode`] of this version.
    pub fn decode(text: &str) -> Option<Self> {
        let entries = text.split(';').filter(|entry| !entry.is_empty()).map(decode_entry).collect::<Option<_>>()?;
        Some(Self { entries })
    }
}

/// The last field of a worker whose processes run one invocation at a time.
const ISOLATED: &str = "process";

fn decode_entry(text: &str) -> Option<WorkerEntry> {
    let mut fields: Vec<String> = text.split('|').map(unescape).collect();
    let is_isolated = fields.len() > 8 && fields.pop_if(|field| field == ISOLATED).is_some();
    let durable = if fields.len() == 9 { Some(decode_durable(&fields.pop()?)?) } else { None };
    let [name, language, dir, entry, timeout, memory, runtime, krate] = <[String; 8]>::try_from(fields).ok()?;
    Some(WorkerEntry {
        name,
        language: Language::parse(&language)?,
        dir,
        entry,
        timeout: timeout.parse().ok()?,
        memory: memory.parse().ok()?,
        runtime,
        durable,
        is_isolated,
        krate: Some(krate).filter(|krate| !krate.is_empty()),
    })
}

fn decode_durable(text: &str) -> Option<DurableSettings> {
    let (timeout, retention) = text.split_once(':')?;
    Some(DurableSettings { timeout: timeout.parse().ok()?, retention: retention.parse().ok()? })
}

/// How the two separators, line ends and the escape character itself are written.
const ESCAPES: [(char, &str); 5] = [('%', "%25"), ('|', "%7c"), (';', "%3b"), ('\n', "%0a"), ('\r', "%0d")];

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match ESCAPES.iter().find(|(special, _)| *special == c) {
            Some((_, escaped)) => out.push_str(escaped),
            None => out.push(c),
        }
    }
    out
}

fn unescape(text: &str) -> String {
    // `%25` comes last: otherwise an escaped `%` would be unescaped twice.
    ESCAPES.iter().rev().fold(text.to_owned(), |text, (c, escaped)| text.replace(escaped, c.encode_utf8(&mut [0; 4])))
}

/// Maps names of packages to their names in code, for all dependencies in `[dependencies]` and in those of a target.
fn dependencies(crate_dir: &Path) -> Result<BTreeMap<String, String>, Problem> {
    let path = crate_dir.join("Cargo.toml");
    let manifest = Manifest::read(&path, &path.display().to_string())?;
    let document = manifest.parse()?;
    let top = Table { table: document.get_ref(), manifest: &manifest };
    let mut names = BTreeMap::new();
    let mut add_table = |table: Option<Table<'_>>| {
        for (key, _, value) in table.into_iter().flat_map(Table::entries) {
            let package = value.get_ref().as_table().and_then(|t| t.get("package")).and_then(|v| v.get_ref().as_str());
            names.insert(package.unwrap_or(key).to_owned(), key.replace('-', "_"));
        }
    };
    add_table(top.table("dependencies"));
    for (target, _, _) in top.table("target").into_iter().flat_map(Table::entries) {
        add_table(top.table("target").and_then(|t| t.table(target)).and_then(|t| t.table("dependencies")));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::{DurableSettings, WorkerEntry, WorkerIndex};
    use crate::language::Language;

    fn entry(name: &str, dir: &str, krate: Option<&str>) -> WorkerEntry {
        WorkerEntry {
            name: name.to_owned(),
            language: Language::Rust,
            dir: dir.to_owned(),
            entry: "Cargo.toml".to_owned(),
            timeout: 30,
            memory: 256,
            runtime: "provided.al2023".to_owned(),
            durable: None,
            is_isolated: false,
            krate: krate.map(str::to_owned),
        }
    }

    #[test]
    fn encode_escapes_separators_in_paths() {
        let index =
            WorkerIndex { entries: vec![entry("a", "odd|dir;with%7cboth", None), entry("b", "workers/b", Some("b"))] };
        assert_eq!(WorkerIndex::decode(&index.encode()), Some(index));
    }

    #[test]
    fn isolated_worker_has_one_more_field() {
        let isolated = WorkerEntry { is_isolated: true, ..entry("a", "workers/a", None) };
        let durable = Some(DurableSettings { timeout: 900, retention: 14 });
        let both = WorkerEntry { durable, ..isolated.clone() };
        let index = WorkerIndex { entries: vec![isolated, both, entry("process", "process", Some("process"))] };
        assert!(index.encode().contains("||process;a|"), "{}", index.encode());
        assert_eq!(WorkerIndex::decode(&index.encode()), Some(index));
    }

    #[test]
    fn durable_worker_has_one_more_field() {
        let mut worker = entry("a", "workers/a", None);
        worker.durable = Some(DurableSettings { timeout: 900, retention: 14 });
        let index = WorkerIndex { entries: vec![worker, entry("b", "workers/b", None)] };
        assert!(index.encode().contains("||900:14;b|"), "{}", index.encode());
        assert_eq!(WorkerIndex::decode(&index.encode()), Some(index));
    }

    #[test]
    fn empty_index_encodes_as_empty_text() {
        assert_eq!(WorkerIndex::default().encode(), "");
        assert_eq!(WorkerIndex::decode(""), Some(WorkerIndex::default()));
    }

    #[test]
    fn decode_rejects_other_texts() {
        for text in ["a", "a|rust|w|e|x|1|r|", "a|cobol|w|e|1|1|r|", "a|rust|w|e|1|1|r|k|more"] {
            assert_eq!(WorkerIndex::decode(text), None, "{text}");
        }
    }
}
