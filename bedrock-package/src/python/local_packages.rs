//! Dependencies that are folders of the app: a wheel of each is built from a copy and installed with the others. Only wheels
//! without compiled code run on Lambda whatever machine built them.

use std::fs;
use std::path::{Path, PathBuf};

use bedrock_build::{Language, PathDependencies, Worker};

use super::installer::Installer;
use super::requirements::Requirements;
use crate::artifact::Function;
use crate::context::Context;
use crate::inputs::Inputs;
use bedrock_artifacts::{Digest, Entry, FolderKind, PackOptions, collect_files};
use bedrock_diagnostics::{Error, ExitKind, Result, relative_path};

/// A folder among the dependencies.
#[derive(Debug)]
struct PackageFolder {
    /// Its real path.
    dir: PathBuf,
    /// In messages, relative to the app.
    shown: String,
    /// Its files, checked for secrets.
    entries: Vec<Entry>,
}

/// The folders that a worker depends on.
#[derive(Debug, Default)]
pub(super) struct LocalPackages(Vec<PackageFolder>);

impl LocalPackages {
    /// Reads the folders. Fails if one is missing or outside of the app.
    pub(super) fn of(context: &Context<'_>, worker: &Worker) -> Result<Self> {
        let app = &context.app.root;
        let all = PathDependencies::of(app, &worker.dir, Language::Python);
        if !all.problems.is_empty() {
            return Err(Error::problems(ExitKind::App, all.problems));
        }
        let real_app = app.canonicalize().unwrap_or_else(|_| app.clone());
        let settings = Function::Worker(worker.name.clone()).settings_table();
        let mut folders = Vec::new();
        for dependency in all.found {
            let shown = relative_path(&dependency.dir, &real_app);
            if !["pyproject.toml", "setup.py"].iter().any(|list| dependency.dir.join(list).is_file()) {
                return Err(Error::app(format!("{}: `{}` is not a package", dependency.origin, dependency.written))
                    .cause(format!("`{shown}` has neither `pyproject.toml` nor `setup.py`"))
                    .help("add a `pyproject.toml`, or move the modules into `_shared/python` of the workers folder"));
            }
            let mut options = PackOptions::new(FolderKind::Sources, &real_app, settings.as_str());
            options.allow.clone_from(&worker.settings.allow);
            let entries = collect_files(&dependency.dir, &options)?.entries("");
            folders.push(PackageFolder { dir: dependency.dir, shown, entries });
        }
        Ok(Self(folders))
    }

    /// Adds the digest of each file.
    pub(super) fn add_to(&self, inputs: &mut Inputs, app: &Path) -> Result<()> {
        for folder in &self.0 {
            let shown = |entry: &Entry| Entry { path: format!("{}/{}", folder.shown, entry.path), ..entry.clone() };
            inputs.add_files(&folder.entries.iter().map(shown).collect::<Vec<_>>(), app)?;
        }
        Ok(())
    }

    /// Builds the wheels, and adds them to the requirements.
    pub(super) fn add_wheels(
        &self,
        found: &mut Requirements,
        installer: &Installer,
        staging: &Path,
        context: &Context<'_>,
    ) -> Result<()> {
        let packages = std::mem::take(&mut found.packages);
        for (at, folder) in self.0.iter().enumerate() {
            let source = staging.join(format!("source{at}")).join(folder.dir.file_name().unwrap_or_default());
            for entry in &folder.entries {
                let place = source.join(&entry.path);
                let bytes = entry.read(&context.app.root)?;
                let written =
                    fs::create_dir_all(place.parent().unwrap_or(&source)).and_then(|()| fs::write(&place, bytes));
                written
                    .map_err(|error| Error::io(format!("failed to copy `{}/{}`", folder.shown, entry.path), &error))?;
            }
            let what = format!("failed to build the package in `{}`", folder.shown);
            let wheels = staging.join(format!("wheel{at}"));
            installer.build_wheel(&source, &wheels, &context.tools, &what)?;
            let wheel = only_wheel(&wheels, &what)?;
            let rejected = |(cause, help): (String, String)| Error::app(what.as_str()).cause(cause).help(help);
            let same = |dir: &Path| dir.canonicalize().is_ok_and(|dir| dir == folder.dir);
            let lines: Vec<String> = packages
                .iter()
                .filter(|package| same(&package.dir))
                .map(|package| package.required.for_wheel(&wheel).map_err(rejected))
                .collect::<Result<_>>()?;
            // A folder that only another folder names has no line.
            let lines = if lines.is_empty() { vec![super::requirement_line::wheel_line(&wheel)] } else { lines };
            let bytes = fs::read(&wheel).map_err(|error| Error::io(what.as_str(), &error))?;
            let hash = if found.hashed { format!(" --hash=sha256:{}", Digest::of(&bytes)) } else { String::new() };
            found.lines.extend(lines.into_iter().map(|line| line + &hash));
        }
        Ok(())
    }
}

/// Returns the wheel in a folder.
fn only_wheel(dir: &Path, what: &str) -> Result<PathBuf> {
    let files = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let wheel = files.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "whl"));
    let Some(wheel) = wheel else { return Err(Error::app(what).cause("its build made no wheel")) };
    let name = wheel.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if name.ends_with("-none-any.whl") {
        return Ok(wheel);
    }
    Err(Error::app(what)
        .cause(format!("its wheel `{name}` has compiled code, which runs only on this machine"))
        .help("build a wheel of it for Lambda's platform, and name the wheel's path instead of the folder"))
}
