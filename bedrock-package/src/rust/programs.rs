//! Finds the package and the binary of a function.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bedrock_build::{App, Language};
use cargo_metadata::{Metadata, MetadataCommand, Package, TargetKind};

use super::metadata_cache;
use crate::artifact::Function;
use bedrock_diagnostics::{Error, Result};

/// The program of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    pub function: Function,
    pub package: String,
    pub binary: String,
}

/// The cargo workspace of an app.
#[derive(Debug)]
pub struct Workspace {
    /// The folder of the workspace.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
    packages: Vec<Package>,
}

impl Workspace {
    /// Returns the workspace that contains an app.
    ///
    /// # Errors
    ///
    /// If `cargo metadata` fails.
    pub fn of(app: &App) -> Result<Self> {
        if let Some(known) =
            metadata_cache::load_cached_metadata(&app.root).map(Self::from).filter(|known| known.has_all(app))
        {
            return Ok(known);
        }
        let metadata = MetadataCommand::new().current_dir(&app.root).no_deps().exec();
        let metadata = metadata.map_err(|error| {
            let said = match error {
                cargo_metadata::Error::CargoMetadata { stderr } => stderr.trim().to_owned(),
                other => other.to_string(),
            };
            Error::app("failed to read the app with `cargo metadata`").cause(said)
        })?;
        metadata_cache::store_metadata(&app.root, &metadata);
        Ok(Self::from(metadata))
    }

    /// Whether every Rust worker is a member: a new one can become it by a pattern, without a change of any file.
    fn has_all(&self, app: &App) -> bool {
        let mut workers = app.workers.iter().filter(|worker| worker.language == Language::Rust);
        workers.all(|worker| self.program(app, &Function::Worker(worker.name.clone())).is_ok())
    }

    /// The folders of the packages that the app's programs may be compiled from, and that are outside of the app.
    pub fn packages_outside(&self, app: &App) -> Vec<PathBuf> {
        let members = self.packages.iter().filter_map(|package| package.manifest_path.as_std_path().parent());
        let members = members.map(Path::to_path_buf).chain(self.path_dependencies());
        let mut folders: Vec<PathBuf> =
            members.filter(|folder| !folder.starts_with(&app.root) && *folder != self.root).collect();
        folders.retain(|folder| !app.root.starts_with(folder));
        folders.sort();
        folders.dedup();
        folders
    }

    /// The folders of the packages outside of the workspace that it depends on by their paths.
    fn path_dependencies(&self) -> BTreeSet<PathBuf> {
        let is_known = |folder: &Path| {
            let folders = self.packages.iter().filter_map(|package| package.manifest_path.as_std_path().parent());
            folders.into_iter().any(|known| known == folder)
        };
        let mut found = BTreeSet::new();
        let mut open = dependency_paths(&self.packages);
        while let Some(folder) = open.pop() {
            if is_known(&folder) || !found.insert(folder.clone()) {
                continue;
            }
            // It is a workspace of its own; what is wrong with it, the compiler says.
            let metadata = MetadataCommand::new().current_dir(&folder).no_deps().exec();
            open.extend(metadata.map(|metadata| dependency_paths(&metadata.packages)).unwrap_or_default());
        }
        found
    }

    /// Returns the programs of functions.
    pub fn programs(&self, app: &App, functions: &[Function]) -> Result<Vec<Program>> {
        functions.iter().map(|function| self.program(app, function)).collect()
    }

    /// The program of a function: the binary of the package's own name where there are several.
    fn program(&self, app: &App, function: &Function) -> Result<Program> {
        let (dir, main) = match function {
            Function::Endpoint => (app.root.clone(), "src/main.rs".to_owned()),
            Function::Worker(name) => {
                let dir = format!("{}/{name}", app.settings.workers_dir);
                (app.root.join(&dir), format!("{dir}/src/main.rs"))
            }
        };
        let manifest = dir.join("Cargo.toml");
        let Some(package) = self.packages.iter().find(|package| package.manifest_path.as_std_path() == manifest) else {
            let name = function.name();
            return Err(Error::app(format!("{function} is not a member of the app's workspace")).help(format!(
                "add `{name} = {{ path = \"{}/{name}\" }}` to `[dependencies]` in `Cargo.toml`",
                app.settings.workers_dir
            )));
        };
        let binaries = package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Bin));
        let mut names: Vec<&str> = binaries.map(|target| target.name.as_str()).collect();
        names.sort_by_key(|name| *name != package.name.as_str());
        match names.first() {
            Some(binary) => Ok(Program {
                function: function.clone(),
                package: package.name.to_string(),
                binary: (*binary).to_owned(),
            }),
            None => Err(Error::app(format!("{function} has no program")).help(format!("it is made of `{main}`"))),
        }
    }
}

/// The folders of what packages depend on by a path.
fn dependency_paths(packages: &[Package]) -> Vec<PathBuf> {
    let dependencies = packages.iter().flat_map(|package| &package.dependencies);
    dependencies.filter_map(|dependency| dependency.path.clone().map(Into::into)).collect()
}

impl From<Metadata> for Workspace {
    fn from(metadata: Metadata) -> Self {
        let Metadata { workspace_root, target_directory, packages, .. } = metadata;
        Self { root: workspace_root.into_std_path_buf(), target: target_directory.into_std_path_buf(), packages }
    }
}
