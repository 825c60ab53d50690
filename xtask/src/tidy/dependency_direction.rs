//! Rule: the direction of dependencies between crates. Dependencies and build dependencies of a manifest are checked; tests may
//! depend on more.

use toml::de::{DeTable, DeValue};

use super::finding::Finding;
use super::tree::{Entry, Tree};

/// What a crate may depend on.
struct Limits {
    name: &'static str,
    /// The crates of this repository that it may depend on.
    allowed: &'static [&'static str],
    /// The other crates that it may not depend on; `*` replaces any end of a name.
    forbidden: &'static [&'static str],
}

const CRATES: &[Limits] = &[
    Limits { name: "bedrock-build", allowed: &[], forbidden: &["aws*", "lambda*", "tokio*", "clap*"] },
    Limits {
        name: "bedrock-rust-types",
        allowed: &["bedrock-build"],
        forbidden: &["aws*", "lambda*", "tokio*", "clap*"],
    },
    Limits {
        name: "bedrock-macros",
        allowed: &["bedrock-build", "bedrock-rust-types"],
        forbidden: &["aws*", "lambda*", "tokio*", "clap*"],
    },
    Limits {
        name: "bedrock-model",
        allowed: &["bedrock-build"],
        forbidden: &["aws*", "lambda*", "axum*", "hyper*", "clap*"],
    },
    Limits {
        name: "bedrock-local",
        allowed: &["bedrock-build", "bedrock-durable", "bedrock-model"],
        forbidden: &["aws*", "lambda*", "clap*", "zip"],
    },
    Limits {
        name: "bedrock-rt",
        allowed: &["bedrock-build", "bedrock-durable", "bedrock-local", "bedrock-macros", "bedrock-model"],
        forbidden: &["clap*", "zip"],
    },
    Limits {
        name: "bedrock-durable",
        allowed: &["bedrock-model"],
        forbidden: &["aws*", "lambda*", "axum*", "hyper*", "tokio*", "clap*"],
    },
    Limits {
        name: "bedrock-dev",
        allowed: &["bedrock-build", "bedrock-diagnostics", "bedrock-durable", "bedrock-local", "bedrock-model"],
        forbidden: &["aws*", "lambda*", "clap*"],
    },
    Limits {
        name: "bedrock-templates",
        allowed: &["bedrock-build", "bedrock-diagnostics"],
        forbidden: &["aws*", "lambda*", "tokio*", "clap*"],
    },
    Limits { name: "bedrock-diagnostics", allowed: &["bedrock-build"], forbidden: &["aws*", "lambda*", "clap*"] },
    Limits {
        name: "bedrock-contract",
        allowed: &["bedrock-build"],
        forbidden: &["aws*", "lambda*", "tokio*", "anstream", "clap*"],
    },
    // These three print nothing: only the command has a terminal.
    Limits {
        name: "bedrock-artifacts",
        allowed: &["bedrock-build", "bedrock-callgraph", "bedrock-diagnostics"],
        forbidden: &["aws*", "lambda*", "anstream", "clap*", "dialoguer", "indicatif"],
    },
    Limits {
        name: "bedrock-callgraph",
        allowed: &["bedrock-build", "bedrock-diagnostics"],
        forbidden: &["aws*", "lambda*", "tokio*", "anstream", "clap*", "dialoguer", "indicatif"],
    },
    Limits {
        name: "bedrock-deploy",
        allowed: &["bedrock-artifacts", "bedrock-build", "bedrock-callgraph", "bedrock-diagnostics", "bedrock-model"],
        forbidden: &["lambda*", "anstream", "clap*", "dialoguer", "indicatif"],
    },
    Limits {
        name: "bedrock-package",
        allowed: &[
            "bedrock-artifacts",
            "bedrock-build",
            "bedrock-callgraph",
            "bedrock-diagnostics",
            "bedrock-local",
            "bedrock-model",
        ],
        // It removes styles from the output of tools with `anstream`.
        forbidden: &["aws*", "lambda*", "clap*", "dialoguer", "indicatif"],
    },
    // It has no need of what users compile.
    Limits {
        name: "cargo-bedrock",
        allowed: &[
            "bedrock-artifacts",
            "bedrock-build",
            "bedrock-callgraph",
            "bedrock-contract",
            "bedrock-deploy",
            "bedrock-dev",
            "bedrock-diagnostics",
            "bedrock-durable",
            "bedrock-local",
            "bedrock-model",
            "bedrock-package",
            "bedrock-rust-types",
            "bedrock-templates",
        ],
        forbidden: &["lambda*"],
    },
];

impl Limits {
    fn allows(&self, dependency: &str) -> bool {
        let is_ours = dependency.starts_with("bedrock-") || dependency == "cargo-bedrock";
        (!is_ours || self.allowed.contains(&dependency))
            && !self.forbidden.iter().any(|pattern| matches(pattern, dependency))
    }
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().filter(|file| file.name() == "Cargo.toml").flat_map(findings).collect()
}

fn findings(file: &Entry) -> Vec<Finding> {
    // A manifest that does not parse stops cargo before this.
    let Ok(manifest) = DeTable::parse(&file.text) else { return Vec::new() };
    let manifest = manifest.get_ref();
    let name = table(manifest, "package").and_then(|package| package.get("name")?.get_ref().as_str());
    let Some(limits) = CRATES.iter().find(|limits| Some(limits.name) == name) else { return Vec::new() };
    let dependencies = dependencies(manifest).into_iter().filter(|(dependency, _)| !limits.allows(dependency));
    dependencies
        .map(|(dependency, at)| {
            let line = file.text.get(..at).unwrap_or_default().lines().count().max(1);
            Finding::new(&file.path, line, format!("`{}` may not depend on `{dependency}`", limits.name))
        })
        .collect()
}

/// Returns the packages in all tables of normal and build dependencies, each with the place of its key in the text.
fn dependencies<'a>(manifest: &'a DeTable<'a>) -> Vec<(&'a str, usize)> {
    let targets = table(manifest, "target").into_iter().flat_map(|targets| targets.values());
    let places = targets.filter_map(|target| target.get_ref().as_table()).chain([manifest]);
    let tables = places.flat_map(|place| ["dependencies", "build-dependencies"].map(|kind| table(place, kind)));
    tables
        .flatten()
        .flat_map(|table| table.iter())
        .map(|(key, value)| {
            let renamed = value.get_ref().as_table().and_then(|details| details.get("package")?.get_ref().as_str());
            // The place after the first letter, so that the line of the key is counted.
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
    fn allowed_dependencies_pass() {
        let build =
            "[package]\nname = \"bedrock-build\"\n[dependencies]\nheck = \"1\"\n[dev-dependencies]\ntokio = \"1\"\n";
        let rt = "[package]\nname = \"bedrock-rt\"\n[dependencies]\nlambda_runtime = \"1\"\nbedrock-macros = \"0.1\"\n";
        let tool = "[package]\nname = \"cargo-bedrock\"\n[dependencies]\nclap = \"4\"\naws-config = \"1\"\n";
        assert_eq!(check(&Tree::of([("b/Cargo.toml", build), ("r/Cargo.toml", rt), ("t/Cargo.toml", tool)])), []);
    }

    #[test]
    fn forbidden_dependency_is_found_on_its_line() {
        let macros =
            "[package]\nname = \"bedrock-macros\"\n\n[dependencies]\nsyn = \"2\"\nbedrock-rt.workspace = true\n";
        let found = check(&Tree::of([("m/Cargo.toml", macros)]));
        assert_eq!(found, [Finding::new("m/Cargo.toml", 6, "`bedrock-macros` may not depend on `bedrock-rt`")]);
    }

    #[test]
    fn platform_specific_and_renamed_dependencies_are_found() {
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

    #[test]
    fn libraries_may_not_print() {
        let deploy = "[package]\nname = \"bedrock-deploy\"\n[dependencies]\naws-sdk-lambda = \"1\"\nbedrock-artifacts = \"0.1\"\nindicatif = \"0.18\"\nbedrock-dev = \"0.1\"\n";
        let mut lines: Vec<_> =
            check(&Tree::of([("d/Cargo.toml", deploy)])).iter().map(|finding| finding.line).collect();
        lines.sort_unstable();
        assert_eq!(lines, [6, 7]);
    }
}
