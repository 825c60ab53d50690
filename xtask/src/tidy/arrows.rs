//! Rule: who may know whom. An arrow is a dependency or a build dependency in a manifest; tests may know more.

use toml::de::{DeTable, DeValue};

use super::finding::Finding;
use super::tree::{Entry, Tree};

/// A crate and what it may not depend on; a `*` stands for any end.
const FORBIDDEN: [(&str, &[&str]); 5] = [
    ("bedrock-build", &["aws*", "lambda*", "tokio*", "clap*", "bedrock-*", "cargo-bedrock"]),
    ("bedrock-macros", &["aws*", "lambda*", "tokio*", "clap*", "bedrock-rt", "bedrock-templates", "cargo-bedrock"]),
    ("bedrock-rt", &["clap*", "zip", "bedrock-dev", "bedrock-templates", "cargo-bedrock"]),
    ("bedrock-dev", &["aws*", "lambda*", "clap*", "bedrock-templates", "cargo-bedrock"]),
    ("bedrock-templates", &["aws*", "lambda*", "tokio*", "clap*", "bedrock-rt", "bedrock-macros", "cargo-bedrock"]),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().filter(|file| file.name() == "Cargo.toml").flat_map(arrows).collect()
}

fn arrows(file: &Entry) -> Vec<Finding> {
    // A manifest that does not parse stops cargo before it stops here.
    let Ok(manifest) = DeTable::parse(&file.text) else { return Vec::new() };
    let manifest = manifest.get_ref();
    let name = table(manifest, "package").and_then(|package| package.get("name")?.get_ref().as_str());
    let Some((name, forbidden)) = FORBIDDEN.iter().find(|(crate_name, _)| Some(*crate_name) == name) else {
        return Vec::new();
    };
    dependencies(manifest)
        .into_iter()
        .filter(|(dependency, _)| forbidden.iter().any(|pattern| matches(pattern, dependency)))
        .map(|(dependency, at)| {
            let line = file.text.get(..at).unwrap_or_default().lines().count().max(1);
            Finding::new(&file.path, line, format!("`{name}` may not depend on `{dependency}`"))
        })
        .collect()
}

/// The packages in all tables of normal and build dependencies, and where each is written.
fn dependencies<'a>(manifest: &'a DeTable<'a>) -> Vec<(&'a str, usize)> {
    let targets = table(manifest, "target").into_iter().flat_map(|targets| targets.values());
    let places = targets.filter_map(|target| target.get_ref().as_table()).chain([manifest]);
    let tables = places.flat_map(|place| ["dependencies", "build-dependencies"].map(|kind| table(place, kind)));
    tables
        .flatten()
        .flat_map(|table| table.iter())
        .map(|(key, value)| {
            let renamed = value.get_ref().as_table().and_then(|details| details.get("package")?.get_ref().as_str());
            // Just behind the first letter, so that the line of the key is counted.
            (renamed.unwrap_or(key.get_ref().as_ref()), key.span().start + 1)
        })
        .collect()
}

fn table<'a>(parent: &'a DeTable<'a>, key: &str) -> Option<&'a DeTable<'a>> {
    parent.get(key).map(toml::Spanned::get_ref).and_then(DeValue::as_table)
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrows_of_the_design_pass() {
        let build =
            "[package]\nname = \"bedrock-build\"\n[dependencies]\nheck = \"1\"\n[dev-dependencies]\ntokio = \"1\"\n";
        let rt = "[package]\nname = \"bedrock-rt\"\n[dependencies]\nlambda_runtime = \"1\"\nbedrock-macros = \"0.1\"\n";
        let tool = "[package]\nname = \"cargo-bedrock\"\n[dependencies]\nclap = \"4\"\naws-config = \"1\"\n";
        assert_eq!(check(&Tree::of([("b/Cargo.toml", build), ("r/Cargo.toml", rt), ("t/Cargo.toml", tool)])), []);
    }

    #[test]
    fn an_arrow_back_is_found_on_its_line() {
        let macros =
            "[package]\nname = \"bedrock-macros\"\n\n[dependencies]\nsyn = \"2\"\nbedrock-rt.workspace = true\n";
        let found = check(&Tree::of([("m/Cargo.toml", macros)]));
        assert_eq!(found, [Finding::new("m/Cargo.toml", 6, "`bedrock-macros` may not depend on `bedrock-rt`")]);
    }

    #[test]
    fn an_arrow_of_one_platform_or_under_another_name_is_found() {
        let build = "[package]\nname = \"bedrock-build\"\n[target.'cfg(unix)'.dependencies]\ntokio = \"1\"\n\
                     [build-dependencies]\ncli = { package = \"clap\", version = \"4\" }\n";
        let found = check(&Tree::of([("b/Cargo.toml", build)]));
        assert_eq!(
            found,
            [
                Finding::new("b/Cargo.toml", 4, "`bedrock-build` may not depend on `tokio`"),
                Finding::new("b/Cargo.toml", 6, "`bedrock-build` may not depend on `clap`"),
            ]
        );
    }
}
