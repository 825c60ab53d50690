//! The app's `Cargo.toml`, edited as text so that comments, order and spacing are kept.

use std::path::Path;

use bedrock_templates::Dependencies;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, value};

use super::checkout::Checkout;
use bedrock_diagnostics::{Error, Result};

/// Version of this project's crates that a new app depends on.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Keys of a dependency that another package copies to depend on the same crate.
const COPIED_KEYS: [&str; 7] = ["version", "path", "git", "branch", "tag", "rev", "registry"];

/// A parsed `Cargo.toml`.
pub(crate) struct Manifest(DocumentMut);

/// What already has a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NameOwner {
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

    /// Returns the text with all edits.
    pub(crate) fn text(&self) -> String {
        self.0.to_string()
    }

    /// Returns what has the name `name`. Like for the compiler, `-` and `_` are the same.
    pub(crate) fn name_owner(&self, name: &str) -> Option<NameOwner> {
        let package = self.0.get("package").and_then(|package| package.get("name")?.as_str());
        if package.is_some_and(|package| is_same(package, name)) {
            return Some(NameOwner::Package);
        }
        self.dependency_owner(name)
    }

    /// Returns the dependency with the name `name`.
    pub(crate) fn dependency_owner(&self, name: &str) -> Option<NameOwner> {
        let mut dependencies = self.dependency_tables().flat_map(TableLike::iter);
        let matches = |other: &str| is_same(other, name);
        let (_, item) = dependencies.find(|(key, item)| matches(key) || package_of(item).is_some_and(matches))?;
        Some(NameOwner::Dependency { path: item.get("path").and_then(Item::as_str).map(str::to_owned) })
    }

    /// Whether this is the root of a workspace or names the workspace that it belongs to.
    pub(crate) fn has_workspace(&self) -> bool {
        self.is_workspace_root() || self.0.get("package").is_some_and(|package| package.get("workspace").is_some())
    }

    pub(crate) fn is_workspace_root(&self) -> bool {
        self.0.contains_key("workspace")
    }

    /// Adds `name = { path = "dir" }` to `[dependencies]`. This also makes the worker a member of the workspace,
    /// because cargo includes path dependencies of members, so there is no list of members to edit.
    pub(crate) fn add_worker(&mut self, name: &str, dir: &str) -> Result<()> {
        let item = self.0.entry("dependencies").or_insert_with(toml_edit::table);
        let Some(dependencies) = item.as_table_like_mut() else {
            return Err(Error::app("`dependencies` in `Cargo.toml` is not a table"));
        };
        let mut dependency = InlineTable::new();
        dependency.insert("path", dir.into());
        dependencies.insert(name, value(dependency));
        Ok(())
    }

    /// Adds the setting `durable` to the table of a worker, which it creates.
    pub(crate) fn add_durable(&mut self, name: &str) -> Result<()> {
        let mut durable = InlineTable::new();
        durable.insert("timeout", "30d".into());
        durable.insert("retention", "14d".into());
        self.add_settings(name, vec![("durable", durable.into())])
    }

    /// Adds settings to the table of a worker, which it creates.
    pub(crate) fn add_settings(&mut self, name: &str, settings: Vec<(&str, toml_edit::Value)>) -> Result<()> {
        if settings.is_empty() {
            return Ok(());
        }
        let mut item = self.0.as_item_mut();
        for key in ["package", "metadata", "bedrock", "workers", name] {
            let is_inline = item.is_inline_table();
            let is_last = key == name;
            let Some(table) = item.as_table_like_mut() else {
                return Err(Error::app(format!(
                    "`{key}` in `Cargo.toml` cannot be added: what contains it is not a table"
                )));
            };
            item = table.entry(key).or_insert_with(|| {
                if is_inline {
                    return value(InlineTable::new());
                }
                let mut table = Table::new();
                // Only the table of the worker itself gets a line of its own.
                table.set_implicit(!is_last);
                Item::Table(table)
            });
        }
        let Some(table) = item.as_table_like_mut() else {
            return Err(Error::app(format!("the settings of worker `{name}` in `Cargo.toml` are not a table")));
        };
        for (key, setting) in settings {
            table.insert(key, value(setting));
        }
        Ok(())
    }

    /// Removes the dependency on a Rust worker and the settings of a worker. The table of all settings stays, because it
    /// makes the package an app.
    pub(crate) fn remove_worker(&mut self, name: &str) {
        if let Some(dependencies) = self.0.get_mut("dependencies").and_then(Item::as_table_like_mut) {
            let is_by_path = dependencies.get(name).is_some_and(|item| item.get("path").is_some());
            if is_by_path {
                dependencies.remove(name);
            }
        }
        let metadata = self.0.get_mut("package").and_then(|package| package.get_mut("metadata"));
        let Some(bedrock) = metadata.and_then(|metadata| metadata.get_mut("bedrock")) else { return };
        if let Some(workers) = bedrock.get_mut("workers").and_then(Item::as_table_like_mut) {
            workers.remove(name);
        }
        if let Some(table) = bedrock.as_table_mut() {
            table.set_implicit(false);
        }
    }

    /// Makes the package the root of a workspace.
    pub(crate) fn add_workspace(&mut self) {
        self.0.insert("workspace", Item::Table(Table::new()));
    }

    /// Returns the dependencies on the runtime and build crates for a package `depth` folders below this one.
    pub(crate) fn bedrock_dependencies(&self, depth: usize) -> Dependencies {
        let up = "../".repeat(depth);
        let line = |table, key: &str, package| {
            let copied =
                self.dependency(table, package).map(|(found, item)| copied_line(found, item, key, package, &up));
            copied.unwrap_or_else(|| version_line(key, package))
        };
        Dependencies {
            runtime: line("dependencies", "bedrock", "bedrock-rt"),
            build: line("build-dependencies", "bedrock-build", "bedrock-build"),
        }
    }

    /// The same for a package that needs a feature of the runtime crate.
    pub(crate) fn bedrock_dependencies_with(&self, depth: usize, feature: &str) -> Result<Dependencies> {
        let lines = self.bedrock_dependencies(depth);
        Ok(Dependencies { runtime: with_feature(&lines.runtime, feature)?, ..lines })
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

/// Returns the dependencies of a new app on this project's crates: on a checkout, or on the published version.
pub(crate) fn bedrock_dependencies(checkout: Option<&Checkout>) -> Dependencies {
    let line = |key, package: &str| match checkout {
        None => version_line(key, package),
        Some(checkout) => dependency_line(key, package, &[("path", checkout.package_path(package).into())]),
    };
    Dependencies { runtime: line("bedrock", "bedrock-rt"), build: line("bedrock-build", "bedrock-build") }
}

fn version_line(key: &str, package: &str) -> String {
    dependency_line(key, package, &[("version", VERSION.into())])
}

/// Returns the dependency `found = item` of the app, adapted to a package below it. Features are not copied.
fn copied_line(found: &str, item: &Item, key: &str, package: &str, up: &str) -> String {
    if let Some(version) = item.as_str() {
        return dependency_line(key, package, &[("version", version.into())]);
    }
    // A dependency that is inherited from the workspace is found by its key, so the key must not change.
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
        COPIED_KEYS.into_iter().filter_map(|name| Some((name, adapted(name, item.get(name)?.as_value()?)))).collect();
    dependency_line(key, package, &fields)
}

/// Returns the line `key = { package = "…", … }`, or `key = "version"` if that is sufficient.
fn dependency_line(key: &str, package: &str, fields: &[(&str, toml_edit::Value)]) -> String {
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

/// Adds a feature to the line of a dependency.
fn with_feature(line: &str, feature: &str) -> Result<String> {
    let wrong = || Error::app(format!("`{line}` is not a dependency that can have features"));
    let Manifest(document) = Manifest::parse(line)?;
    let (key, item) = document.iter().next().ok_or_else(wrong)?;
    let mut table = match item.as_value().ok_or_else(wrong)? {
        toml_edit::Value::InlineTable(table) => table.clone(),
        version => InlineTable::from_iter([("version", version.clone().decorated("", ""))]),
    };
    table.decor_mut().clear();
    table.fmt();
    table.insert("features", toml_edit::Array::from_iter([feature]).into());
    Ok(format!("{key} = {table}"))
}

fn is_same(package: &str, other: &str) -> bool {
    package.replace('-', "_") == other.replace('-', "_")
}

fn package_of(item: &Item) -> Option<&str> {
    item.get("package")?.as_str()
}

#[cfg(test)]
mod tests;
