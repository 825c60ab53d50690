//! The package indexes of a Python project. uv exports requirements without the index that each of them comes from.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::toml_values::{items_at, text_at};

/// Host of the index that uv uses without settings, in parts: its address is no setting of this program.
const DEFAULT_HOST: [&str; 2] = ["pypi", "org"];

/// An index in `[[tool.uv.index]]`.
#[derive(Debug, PartialEq, Eq)]
struct NamedIndex {
    name: Option<String>,
    url: String,
}

/// Returns the indexes of the project in `dir` as values of uv's option `--index`: those in `lock`, or without a lock those in
/// `pyproject.toml`.
///
/// Each has the name that the project gives it, because uv finds the credentials of an index by its name.
pub fn project_indexes(dir: &Path, lock: Option<&Path>) -> Vec<String> {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    let root = lock.and_then(Path::parent).unwrap_or(dir);
    let mut named = named_indexes(&read(&dir.join("pyproject.toml")));
    if root != dir {
        named.extend(named_indexes(&read(&root.join("pyproject.toml"))));
    }
    match lock {
        Some(lock) => locked_indexes(&read(lock), &named, root),
        None => named.iter().map(|index| option_value(index.name.as_deref(), &index.url)).collect(),
    }
}

/// Returns the indexes in a `pyproject.toml`. Empty if it is not valid, which uv reports.
fn named_indexes(project: &str) -> Vec<NamedIndex> {
    let Ok(project) = DeTable::parse(project) else { return Vec::new() };
    let indexes = items_at(project.get_ref(), &["tool", "uv", "index"]);
    let tables = indexes.into_iter().filter_map(DeValue::as_table);
    tables
        .filter_map(|table| {
            let name = text_at(table, &["name"]).map(str::to_owned);
            Some(NamedIndex { name, url: text_at(table, &["url"])?.to_owned() })
        })
        .collect()
}

fn locked_indexes(lock: &str, named: &[NamedIndex], root: &Path) -> Vec<String> {
    let Ok(lock) = DeTable::parse(lock) else { return Vec::new() };
    let packages = items_at(lock.get_ref(), &["package"]);
    let urls = packages.into_iter().filter_map(|package| text_at(package.as_table()?, &["source", "registry"]));
    let mut found: Vec<String> = Vec::new();
    let default = format!("https://{}/simple", DEFAULT_HOST.join("."));
    for url in urls.filter(|url| url.trim_end_matches('/') != default) {
        let known = named.iter().find(|index| index.url.trim_end_matches('/') == url.trim_end_matches('/'));
        let index = if url.contains("://") {
            option_value(known.and_then(|index| index.name.as_deref()), url)
        } else {
            // A folder of archives.
            root.join(url).display().to_string()
        };
        if !found.contains(&index) {
            found.push(index);
        }
    }
    found
}

fn option_value(name: Option<&str>, url: &str) -> String {
    name.map_or_else(|| url.to_owned(), |name| format!("{name}={url}"))
}

#[cfg(test)]
mod tests {
    use super::{DEFAULT_HOST, locked_indexes, named_indexes};
    use std::path::Path;

    #[test]
    fn indexes_of_a_lock_keep_their_names() {
        let project = "[[tool.uv.index]]\nname = \"company\"\nurl = \"https://a.example/simple/\"\nexplicit = true\n";
        let lock = "\
            [[package]]\nname = \"p\"\nsource = { virtual = \".\" }\n\
            [[package]]\nname = \"a\"\nsource = { registry = \"https://DEFAULT/simple\" }\n\
            [[package]]\nname = \"b\"\nsource = { registry = \"https://a.example/simple\" }\n\
            [[package]]\nname = \"c\"\nsource = { registry = \"https://a.example/simple\" }\n\
            [[package]]\nname = \"d\"\nsource = { registry = \"https://b.example/simple\" }\n\
            [[package]]\nname = \"e\"\nsource = { registry = \"wheels\" }\n";
        let lock = &lock.replace("DEFAULT", &DEFAULT_HOST.join("."));
        let found = locked_indexes(lock, &named_indexes(project), Path::new("/app"));
        assert_eq!(found, ["company=https://a.example/simple", "https://b.example/simple", "/app/wheels"]);
        assert!(locked_indexes("[", &[], Path::new("/app")).is_empty() && named_indexes("[").is_empty());
    }
}
