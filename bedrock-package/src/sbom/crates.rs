//! The crates that Rust functions are linked from: `cargo tree` resolves features and targets as the build does, and
//! `Cargo.lock` has sources and checksums. Build scripts, macros and what only they use are not part of a program.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use bedrock_build::Architecture;
use bedrock_diagnostics::{Error, Result};
use toml_edit::DocumentMut;

use super::document::Dependencies;
use crate::artifact::{Artifact, Function};
use crate::component::{Component, License};
use crate::context::Context;
use crate::purl;
use crate::rust::{Program, Workspace, select_target};

/// The source of crates.io in a lock file, whatever protocol or mirror cargo uses.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// The mark of cargo for a crate whose dependencies it has printed before.
const REPEATED: &str = " (*)";

/// The crates of one program.
#[derive(Debug)]
pub(super) struct LinkedCrates {
    pub(super) components: Vec<Component>,
    pub(super) dependencies: Dependencies,
}

/// Returns the crates of each of `functions`, which are Rust functions for `architecture`.
pub(super) fn linked_crates(
    context: &Context<'_>,
    functions: &[Function],
    architecture: Architecture,
) -> Result<BTreeMap<Function, LinkedCrates>> {
    const WHAT: &str = "failed to list the crates of the app";
    let workspace = Workspace::of(context.app)?;
    let programs = workspace.programs(context.app, functions)?;
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The build has downloaded all crates.
    command.args(["tree", "--offline", "--quiet", "--color=never", "--charset=ascii", "--prefix=depth"]);
    command.args(["--edges=normal,no-proc-macro", "--format=\t{p}\t{l}"]);
    for program in &programs {
        command.args(["--package", &program.package]);
    }
    select_target(&mut command, &workspace.root, architecture)?;
    let text = context.tools.run(command.current_dir(&context.app.root), WHAT)?;
    let lock = workspace.root.join("Cargo.lock");
    let lock =
        fs::read_to_string(&lock).map_err(|error| Error::io(format!("failed to read `{}`", lock.display()), &error))?;
    let lock = LockFile::parse(&lock).map_err(|cause| Error::app(WHAT).cause(cause))?;
    let tree = CrateTree::parse(&text).map_err(|cause| Error::app(WHAT).cause(cause))?;
    let of_program = |program: &Program| {
        let root = tree.roots.iter().find(|root| root.split(' ').next() == Some(program.package.as_str()));
        let root = root
            .ok_or_else(|| Error::app(WHAT).cause(format!("`cargo tree` printed no package `{}`", program.package)))?;
        let artifact = Artifact::Code(program.function.clone());
        Ok((program.function.clone(), tree.linked(root, &artifact.id(), &lock)))
    };
    programs.iter().map(of_program).collect()
}

/// What `cargo tree` printed. Crates have the names that it gave them: `serde v1.0.0`, `shop v0.1.0 (/app)`.
#[derive(Debug, Default, PartialEq, Eq)]
struct CrateTree {
    roots: Vec<String>,
    /// The licence of each crate, as its manifest writes it.
    licenses: BTreeMap<String, String>,
    /// The crates that a crate is linked with.
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl CrateTree {
    /// Reads lines of a depth, a crate and its licence, with tabs between them. The error is a cause.
    fn parse(text: &str) -> std::result::Result<Self, String> {
        let mut tree = Self::default();
        let mut open: Vec<String> = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let line = line.strip_suffix(REPEATED).unwrap_or(line);
            let fields: Vec<&str> = line.split('\t').collect();
            let [depth, name, license] = fields[..] else { return Err(format!("`cargo tree` printed `{line}`")) };
            let depth = depth.parse().map_err(|_| format!("`cargo tree` printed `{line}`"))?;
            open.truncate(depth);
            match open.last() {
                Some(above) => drop(tree.edges.entry(above.clone()).or_default().insert(name.to_owned())),
                None => tree.roots.push(name.to_owned()),
            }
            tree.licenses.insert(name.to_owned(), license.to_owned());
            open.push(name.to_owned());
        }
        Ok(tree)
    }

    /// Returns the crates below a root, and the root itself. `artifact` is the reference of the program.
    fn linked(&self, root: &str, artifact: &str, lock: &LockFile) -> LinkedCrates {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        let mut open = vec![root];
        while let Some(name) = open.pop() {
            if names.insert(name) {
                open.extend(self.edges.get(name).into_iter().flatten().map(String::as_str));
            }
        }
        let components: BTreeMap<&str, Component> =
            names.into_iter().map(|name| (name, self.component(name, lock))).collect();
        let mut dependencies = Dependencies::new();
        let reference = |name: &str| components.get(name).map(Component::reference);
        dependencies.insert(artifact.to_owned(), reference(root).into_iter().collect());
        for (name, component) in &components {
            let others = self.edges.get(*name).into_iter().flatten().filter_map(|other| reference(other));
            dependencies.insert(component.reference(), others.collect());
        }
        LinkedCrates { components: components.into_values().collect(), dependencies }
    }

    fn component(&self, printed: &str, lock: &LockFile) -> Component {
        let mut words = printed.split(' ');
        let name = words.next().unwrap_or_default();
        let version = words.next().unwrap_or_default().trim_start_matches('v');
        // `(/app)`, `(https://example.com/a.git?rev=1#2f3a)`, ``(registry `own`)``; nothing for crates.io.
        let place = words.collect::<Vec<_>>().join(" ");
        let locked = lock.find(name, version, &place);
        Component {
            name: name.to_owned(),
            version: version.to_owned(),
            purl: locked
                .and_then(|locked| locked.source.as_deref())
                .map(|source| purl::cargo(name, version, qualifier(source).as_ref())),
            license: self.licenses.get(printed).and_then(|license| License::parse(license)),
            hashes: locked
                .and_then(|locked| locked.checksum.clone())
                .map(|checksum| ("SHA-256".to_owned(), checksum))
                .into_iter()
                .collect(),
        }
    }
}

/// Returns the qualifier of a package URL for a source in a lock file, or `None` for crates.io.
fn qualifier(source: &str) -> Option<(String, String)> {
    if source == CRATES_IO {
        return None;
    }
    if let Some(git) = source.strip_prefix("git+") {
        let (url, commit) = git.split_once('#').unwrap_or((git, ""));
        let url = without_user(url.split('?').next().unwrap_or(url));
        return Some(("vcs_url".to_owned(), format!("git+{url}@{commit}")));
    }
    let url = source.split_once('+').map_or(source, |(_, url)| url);
    Some(("repository_url".to_owned(), without_user(url)))
}

/// Returns a URL without user and password.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}://{}{path}", host.rsplit('@').next().unwrap_or(host))
}

/// A crate in `Cargo.lock`.
#[derive(Debug, PartialEq, Eq)]
struct LockedCrate {
    name: String,
    version: String,
    /// `None` for a folder.
    source: Option<String>,
    checksum: Option<String>,
}

#[derive(Debug)]
struct LockFile(Vec<LockedCrate>);

impl LockFile {
    /// Reads the text of a lock file. The error is a cause.
    fn parse(text: &str) -> std::result::Result<Self, String> {
        let document = text.parse::<DocumentMut>().map_err(|error| format!("`Cargo.lock` is not TOML: {error}"))?;
        let packages = document.get("package").and_then(|packages| packages.as_array_of_tables());
        let crates = packages.into_iter().flatten().filter_map(|package| {
            let text = |key: &str| package.get(key).and_then(|value| value.as_str()).map(str::to_owned);
            Some(LockedCrate {
                name: text("name")?,
                version: text("version")?,
                source: text("source"),
                checksum: text("checksum"),
            })
        });
        Ok(Self(crates.collect()))
    }

    /// Returns the crate that cargo printed with this place in parentheses, or without one.
    fn find(&self, name: &str, version: &str, place: &str) -> Option<&LockedCrate> {
        let kind = |source: Option<&str>| match source {
            None => "folder",
            Some(source) if source.starts_with("git+") => "git",
            Some(_) => "registry",
        };
        let wanted = match place.trim_start_matches('(') {
            place if place.is_empty() || place.starts_with("registry ") => "registry",
            place if place.contains("://") => "git",
            _ => "folder",
        };
        self.0
            .iter()
            .find(|locked| locked.name == name && locked.version == version && kind(locked.source.as_deref()) == wanted)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "a"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "aa"

[[package]]
name = "b"
version = "2.0.0+x"
source = "git+https://ada:secret@example.com/b.git?rev=1#1f2e"

[[package]]
name = "c"
version = "3.0.0"
source = "sparse+https://token@registry.example.com/index/"
checksum = "cc"

[[package]]
name = "shop"
version = "0.1.0"

[[package]]
name = "own"
version = "0.1.0"
"#;
    const TREE: &str = "0\tshop v0.1.0 (/app)\t\n1\ta v1.0.0\tMIT/Apache-2.0\n2\tc v3.0.0 (registry `own`)\tISC\n\
                        1\tb v2.0.0+x (https://example.com/b.git?rev=1#1f2e)\tBSD\n\n0\town v0.1.0 (/app/own)\t\n\
                        1\ta v1.0.0\tMIT/Apache-2.0 (*)\n";

    #[test]
    fn crates_have_sources_licenses_and_checksums() {
        let tree = CrateTree::parse(TREE).expect("a tree");
        let lock = LockFile::parse(LOCK).expect("a lock");
        let linked = tree.linked("shop v0.1.0 (/app)", "endpoint", &lock);
        let shown: Vec<_> = linked.components.iter().map(Component::json).collect();
        let git = "pkg:cargo/b@2.0.0%2Bx?vcs_url=git%2Bhttps%3A%2F%2Fexample.com%2Fb.git%401f2e";
        let other = "pkg:cargo/c@3.0.0?repository_url=https%3A%2F%2Fregistry.example.com%2Findex%2F";
        assert_eq!(
            shown,
            [
                json!({
                    "type": "library", "bom-ref": "pkg:cargo/a@1.0.0", "name": "a", "version": "1.0.0",
                    "purl": "pkg:cargo/a@1.0.0", "licenses": [{ "expression": "MIT OR Apache-2.0" }],
                    "hashes": [{ "alg": "SHA-256", "content": "aa" }],
                }),
                json!({
                    "type": "library", "bom-ref": git, "name": "b", "version": "2.0.0+x", "purl": git,
                    "licenses": [{ "license": { "name": "BSD" } }],
                }),
                json!({
                    "type": "library", "bom-ref": other, "name": "c", "version": "3.0.0", "purl": other,
                    "licenses": [{ "expression": "ISC" }], "hashes": [{ "alg": "SHA-256", "content": "cc" }],
                }),
                json!({ "type": "library", "bom-ref": "shop@0.1.0", "name": "shop", "version": "0.1.0" }),
            ]
        );
    }

    #[test]
    fn dependencies_of_a_crate_that_was_printed_before_are_known() {
        let tree = CrateTree::parse(TREE).expect("a tree");
        let lock = LockFile::parse(LOCK).expect("a lock");
        let linked = tree.linked("own v0.1.0 (/app/own)", "workers/own", &lock);
        let names: Vec<&str> = linked.components.iter().map(|component| component.name.as_str()).collect();
        assert_eq!(names, ["a", "c", "own"]);
        let dependencies = json!(linked.dependencies);
        assert_eq!(dependencies["workers/own"], json!(["own@0.1.0"]));
        assert_eq!(dependencies["own@0.1.0"], json!(["pkg:cargo/a@1.0.0"]));
        assert_eq!(dependencies["pkg:cargo/a@1.0.0"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn unknown_line_of_cargo_is_an_error() {
        let error = CrateTree::parse("shop v0.1.0\n").expect_err("no depth");
        assert_eq!(error, "`cargo tree` printed `shop v0.1.0`");
    }
}
