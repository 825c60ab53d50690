//! The catalog: the list of workers that `invoke!` is checked against and that the local runtime runs.
//!
//! It travels from the build script to the macros and the program as one environment variable,
//! so it has a text form: entries separated by `;`, fields by `|`.

use std::collections::BTreeMap;

use crate::manifest::{File, Table};
use crate::near::nearest;
use crate::{App, Language, Problem};

/// The environment variable that carries the catalog to the compiler.
pub const VARIABLE: &str = "BEDROCK_CATALOG";

/// The workers of an app, as one crate of it sees them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Sorted by name.
    pub entries: Vec<Entry>,
}

/// One worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: Language,
    /// Its folder, relative to the app's root, with `/`.
    pub dir: String,
    /// The file that makes it a worker, for example `main.py`.
    pub entry: String,
    /// Seconds one invocation may take.
    pub timeout: u64,
    /// Megabytes.
    pub memory: u64,
    /// Lambda's identifier of the runtime.
    pub runtime: String,
    /// For a Rust worker that the crate depends on: what it is called in the crate's code.
    pub krate: Option<String>,
}

impl Catalog {
    /// The catalog of `app` as seen by the crate in `crate_dir`, whose `Cargo.toml` tells what it depends on.
    pub fn of(app: &App, crate_dir: &std::path::Path) -> Result<Self, Problem> {
        let dependencies = dependencies(crate_dir)?;
        let entries = app
            .workers
            .iter()
            .map(|worker| Entry {
                name: worker.name.to_string(),
                language: worker.language,
                dir: worker.dir.clone(),
                entry: worker.entry.to_owned(),
                timeout: worker.settings.timeout,
                memory: worker.settings.memory,
                runtime: worker.runtime.id.to_owned(),
                krate: dependencies.get(worker.name.as_str()).cloned(),
            })
            .collect();
        Ok(Self { entries })
    }

    /// The entry of that name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The name that `name` was probably meant to be.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.entries.iter().map(|entry| entry.name.as_str()))
    }

    /// The text form.
    pub fn encode(&self) -> String {
        let entries: Vec<String> = self
            .entries
            .iter()
            .map(|e| {
                let (timeout, memory) = (e.timeout.to_string(), e.memory.to_string());
                let krate = e.krate.as_deref().unwrap_or_default();
                [&e.name, e.language.as_str(), &e.dir, &e.entry, &timeout, &memory, &e.runtime, krate]
                    .map(escape)
                    .join("|")
            })
            .collect();
        entries.join(";")
    }

    /// Reads the text form; nothing if it was not written by [`Catalog::encode`].
    pub fn decode(text: &str) -> Option<Self> {
        let entries = text.split(';').filter(|entry| !entry.is_empty()).map(decode_entry).collect::<Option<_>>()?;
        Some(Self { entries })
    }
}

fn decode_entry(text: &str) -> Option<Entry> {
    let fields: Vec<String> = text.split('|').map(unescape).collect();
    let [name, language, dir, entry, timeout, memory, runtime, krate] = <[String; 8]>::try_from(fields).ok()?;
    Some(Entry {
        name,
        language: Language::parse(&language)?,
        dir,
        entry,
        timeout: timeout.parse().ok()?,
        memory: memory.parse().ok()?,
        runtime,
        krate: Some(krate).filter(|krate| !krate.is_empty()),
    })
}

/// What the two separators, a line end and the escape itself are written as.
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
    // `%25` last, or an escaped `%` would be read twice.
    ESCAPES.iter().rev().fold(text.to_owned(), |text, (c, escaped)| text.replace(escaped, c.encode_utf8(&mut [0; 4])))
}

/// Package name to the name in code, for what the crate's `[dependencies]` (also those of a target) list.
fn dependencies(crate_dir: &std::path::Path) -> Result<BTreeMap<String, String>, Problem> {
    let path = crate_dir.join("Cargo.toml");
    let file = File::read(&path, &path.display().to_string())?;
    let document = file.parse()?;
    let top = Table { table: document.get_ref(), file: &file };
    let mut found = BTreeMap::new();
    let mut note = |table: Option<Table<'_>>| {
        for (key, _, value) in table.into_iter().flat_map(Table::entries) {
            let package = value.get_ref().as_table().and_then(|t| t.get("package")).and_then(|v| v.get_ref().as_str());
            found.insert(package.unwrap_or(key).to_owned(), key.replace('-', "_"));
        }
    };
    note(top.table("dependencies"));
    for (target, _, _) in top.table("target").into_iter().flat_map(Table::entries) {
        note(top.table("target").and_then(|t| t.table(target)).and_then(|t| t.table("dependencies")));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{Catalog, Entry};
    use crate::Language;

    fn entry(name: &str, dir: &str, krate: Option<&str>) -> Entry {
        Entry {
            name: name.to_owned(),
            language: Language::Rust,
            dir: dir.to_owned(),
            entry: "Cargo.toml".to_owned(),
            timeout: 30,
            memory: 256,
            runtime: "provided.al2023".to_owned(),
            krate: krate.map(str::to_owned),
        }
    }

    #[test]
    fn the_text_form_survives_separators_in_paths() {
        let catalog =
            Catalog { entries: vec![entry("a", "odd|dir;with%7cboth", None), entry("b", "workers/b", Some("b"))] };
        assert_eq!(Catalog::decode(&catalog.encode()), Some(catalog));
    }

    #[test]
    fn an_empty_catalog_has_an_empty_text() {
        assert_eq!(Catalog::default().encode(), "");
        assert_eq!(Catalog::decode(""), Some(Catalog::default()));
    }

    #[test]
    fn another_text_is_refused() {
        for text in ["a", "a|rust|w|e|x|1|r|", "a|cobol|w|e|1|1|r|", "a|rust|w|e|1|1|r|k|more"] {
            assert_eq!(Catalog::decode(text), None, "{text}");
        }
    }
}
