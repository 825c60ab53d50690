//! The app's `Cargo.toml` as text that is edited: comments, order and spacing stay.

use std::path::Path;

use bedrock_templates::Dependencies;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, value};

use super::Checkout;
use bedrock_diagnostics::{Error, Result};

/// The version of this project's crates that a new app asks for.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What of a dependency on this project's crates another package needs to depend on the same ones.
const COPIED: [&str; 7] = ["version", "path", "git", "branch", "tag", "rev", "registry"];

/// A parsed `Cargo.toml`.
pub(crate) struct Manifest(DocumentMut);

/// Who has a name already.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The package itself.
    Package,
    /// A dependency, with its path if it has one.
    Dependency { path: Option<String> },
}

impl Manifest {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        text.parse().map(Self).map_err(|error: toml_edit::TomlError| {
            Error::app("failed to read `Cargo.toml`").cause(error.message().to_owned())
        })
    }

    /// The text with all edits.
    pub(crate) fn text(&self) -> String {
        self.0.to_string()
    }

    /// Who has `name`, with `-` and `_` taken for the same, as the compiler does.
    pub(crate) fn owner(&self, name: &str) -> Option<Owner> {
        let package = self.0.get("package").and_then(|package| package.get("name")?.as_str());
        if package.is_some_and(|package| is_same(package, name)) {
            return Some(Owner::Package);
        }
        self.dependency_owner(name)
    }

    /// Which dependency has `name`.
    pub(crate) fn dependency_owner(&self, name: &str) -> Option<Owner> {
        let mut dependencies = self.dependency_tables().flat_map(TableLike::iter);
        let is_it = |other: &str| is_same(other, name);
        let (_, found) = dependencies.find(|(key, item)| is_it(key) || package_of(item).is_some_and(is_it))?;
        Some(Owner::Dependency { path: found.get("path").and_then(Item::as_str).map(str::to_owned) })
    }

    /// Whether this is the root of a workspace or says which one it is in.
    pub(crate) fn names_a_workspace(&self) -> bool {
        self.is_workspace_root() || self.0.get("package").is_some_and(|package| package.get("workspace").is_some())
    }

    pub(crate) fn is_workspace_root(&self) -> bool {
        self.0.contains_key("workspace")
    }

    /// Adds `name = { path = "dir" }` to `[dependencies]`. That makes the worker a member of the workspace too:
    /// cargo counts path dependencies of a member, so there is no list of members to edit.
    pub(crate) fn add_worker(&mut self, name: &str, dir: &str) -> Result<()> {
        let item = self.0.entry("dependencies").or_insert_with(toml_edit::table);
        let Some(dependencies) = item.as_table_like_mut() else {
            return Err(Error::app("`dependencies` in `Cargo.toml` is no table"));
        };
        let mut dependency = InlineTable::new();
        dependency.insert("path", dir.into());
        dependencies.insert(name, value(dependency));
        Ok(())
    }

    /// Makes the package the root of a workspace.
    pub(crate) fn add_workspace(&mut self) {
        self.0.insert("workspace", Item::Table(Table::new()));
    }

    /// How a package that lies `depth` folders deeper depends on the same runtime and build crates as this one.
    pub(crate) fn uses(&self, depth: usize) -> Dependencies {
        let up = "../".repeat(depth);
        let line = |table, key: &str, package| {
            let found = self.dependency(table, package).map(|(found, item)| copied(found, item, key, package, &up));
            found.unwrap_or_else(|| versioned(key, package))
        };
        Dependencies {
            runtime: line("dependencies", "bedrock", "bedrock-rt"),
            build: line("build-dependencies", "bedrock-build", "bedrock-build"),
        }
    }

    fn dependency(&self, table: &str, package: &str) -> Option<(&str, &Item)> {
        let table = self.0.get(table)?.as_table_like()?;
        table.iter().find(|(key, item)| package_of(item).unwrap_or(key) == package)
    }

    fn dependency_tables(&self) -> impl Iterator<Item = &dyn TableLike> {
        const KINDS: [&str; 3] = ["dependencies", "build-dependencies", "dev-dependencies"];
        let of_targets = self.0.get("target").and_then(Item::as_table_like).into_iter().flat_map(TableLike::iter);
        let everywhere = std::iter::once(self.0.as_item()).chain(of_targets.map(|(_, target)| target));
        everywhere.flat_map(|item| KINDS.into_iter().filter_map(|kind| item.get(kind)?.as_table_like()))
    }
}

/// How a new app depends on this project's crates: on a checkout, or on the published version.
pub(crate) fn uses(checkout: Option<&Checkout>) -> Dependencies {
    let line = |key, package: &str| match checkout {
        None => versioned(key, package),
        Some(checkout) => entry(key, package, &[("path", checkout.package(package).into())]),
    };
    Dependencies { runtime: line("bedrock", "bedrock-rt"), build: line("bedrock-build", "bedrock-build") }
}

fn versioned(key: &str, package: &str) -> String {
    entry(key, package, &[("version", VERSION.into())])
}

/// The dependency `found = item` of the app, for a package below it: its own features stay behind.
fn copied(found: &str, item: &Item, key: &str, package: &str, up: &str) -> String {
    if let Some(version) = item.as_str() {
        return entry(key, package, &[("version", version.into())]);
    }
    // What is inherited is found by its key, so that must stay.
    if item.get("workspace").is_some() {
        return format!("{found} = {{ workspace = true }}");
    }
    let adapted = |name: &str, value: &toml_edit::Value| match value.as_str() {
        Some(path) if name == "path" && !Path::new(path).is_absolute() => format!("{up}{path}").into(),
        _ => {
            let mut value = value.clone();
            value.decor_mut().clear();
            value
        }
    };
    let fields: Vec<(&str, toml_edit::Value)> =
        COPIED.into_iter().filter_map(|name| Some((name, adapted(name, item.get(name)?.as_value()?)))).collect();
    entry(key, package, &fields)
}

/// One line: `key = { package = "…", … }`, or `key = "version"` where that says all.
fn entry(key: &str, package: &str, fields: &[(&str, toml_edit::Value)]) -> String {
    if let (true, [("version", version)]) = (key == package, fields) {
        return format!("{key} = {version}");
    }
    let mut table = InlineTable::new();
    if key != package {
        table.insert("package", package.into());
    }
    for (name, value) in fields {
        table.insert(*name, value.clone());
    }
    format!("{key} = {table}")
}

fn is_same(package: &str, other: &str) -> bool {
    package.replace('-', "_") == other.replace('-', "_")
}

fn package_of(item: &Item) -> Option<&str> {
    item.get("package")?.as_str()
}

#[cfg(test)]
mod tests;
