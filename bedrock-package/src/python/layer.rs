//! The layer of a Python worker: its requirements, installed for its runtime and processor.

use std::fs;
use std::path::{Path, PathBuf};

use bedrock_build::{PythonDependencies, Worker};

use super::bytecode::{self, BytecodeCompiler};
use super::distributions;
use super::installer::{Folders, Installer, Platform};
use super::local_packages::LocalPackages;
use super::locked_archives::LockedArchives;
use super::project;
use super::requirements::{self, Requirements};
use crate::artifact::{Artifact, Function};
use crate::context::{ArtifactContents, BuiltArtifact, Context};
use crate::inputs::Inputs;
use bedrock_artifacts::{FolderKind, PackOptions, collect_files, is_pruned_python_path, prune};
use bedrock_diagnostics::{Error, ExitKind, Result};

/// Version of the layer layout and pruning. Changing it rebuilds all layers.
const LAYOUT: &str = "4";

/// Builds the zip file of a worker's layer. There is none without requirements.
pub(crate) fn build(context: &Context<'_>, worker: &Worker) -> Result<BuiltArtifact> {
    let artifact = Artifact::Layer(worker.name.clone());
    let mut inputs = Inputs::default();
    inputs.add("layout", LAYOUT);
    let source = DependencySource::of(context, worker)?;
    source.add_to(&mut inputs)?;
    if matches!(source, DependencySource::Nothing) {
        return context.build_artifact(&artifact, inputs, Vec::new(), || Ok(ArtifactContents::default()));
    }
    let packages = LocalPackages::of(context, worker)?;
    packages.add_to(&mut inputs, &context.app.root)?;
    let installer = Installer::find(worker.runtime, &context.tools);
    inputs.add("installer", installer.as_ref().map_or("none", Installer::version));
    let interpreter = bytecode::interpreter(worker.runtime, &context.tools);
    inputs.add("bytecode", interpreter.as_ref().map_or("none", |interpreter| &interpreter.version));
    context.build_artifact(&artifact, inputs, Vec::new(), || {
        let layer = Layer { context, worker, artifact: &artifact, interpreter: interpreter.as_ref() };
        let Some(installer) = installer else { return Err(no_installer(&layer.what())) };
        layer.entries(source, &packages, &installer)
    })
}

/// The file that lists the dependencies of a worker.
enum DependencySource {
    Nothing,
    Listed(Requirements),
    /// The folder of a `pyproject.toml`, and the `uv.lock` that has it.
    Project {
        dir: PathBuf,
        lock: Option<PathBuf>,
    },
}

impl DependencySource {
    fn of(context: &Context<'_>, worker: &Worker) -> Result<Self> {
        let dir = context.app.root.join(&worker.dir);
        let listed = PythonDependencies::of(&dir, &worker.dir);
        match listed.map_err(|problem| Error::problems(ExitKind::App, vec![problem]))? {
            PythonDependencies::None => Ok(Self::Nothing),
            PythonDependencies::Project { lock } => Ok(Self::Project { dir, lock }),
            PythonDependencies::Requirements => {
                let found = requirements::read(&dir.join("requirements.txt"), &dir, &context.app.root)?;
                Ok(if found.is_empty() { Self::Nothing } else { Self::Listed(found) })
            }
        }
    }

    fn add_to(&self, inputs: &mut Inputs) -> Result<()> {
        let read = |path: &Path| {
            fs::read(path).map_err(|error| Error::io(format!("failed to read `{}`", path.display()), &error))
        };
        match self {
            Self::Nothing => {}
            Self::Listed(found) => {
                inputs.add_bytes(
                    "requirements.txt",
                    (found.lines.join("\n") + "\n\n" + &found.constraints.join("\n")).as_bytes(),
                );
                for wheel in &found.wheels {
                    inputs.add_bytes(&format!("`{}`", wheel.display()), &read(wheel)?);
                }
            }
            Self::Project { dir, lock } => {
                inputs.add_bytes("pyproject.toml", &read(&dir.join("pyproject.toml"))?);
                if let Some(lock) = lock {
                    inputs.add_bytes("uv.lock", &read(lock)?);
                }
            }
        }
        Ok(())
    }
}

/// A layer that is built.
struct Layer<'a> {
    context: &'a Context<'a>,
    worker: &'a Worker,
    artifact: &'a Artifact,
    /// Compiles bytecode.
    interpreter: Option<&'a BytecodeCompiler>,
}

impl Layer<'_> {
    /// Returns the message of an error.
    fn what(&self) -> String {
        let function = Function::Worker(self.worker.name.clone());
        format!(
            "failed to install the dependencies of {function} for {}",
            self.context.architecture(&function).machine()
        )
    }

    fn entries(
        &self,
        source: DependencySource,
        packages: &LocalPackages,
        installer: &Installer,
    ) -> Result<ArtifactContents> {
        let Self { context, worker, .. } = *self;
        let function = Function::Worker(worker.name.clone());
        let platform = Platform { runtime: worker.runtime, architecture: context.architecture(&function) };
        let uv_lock = match &source {
            DependencySource::Project { lock: Some(lock), .. } => fs::read_to_string(lock).ok(),
            _ => None,
        };
        let mut found = match source {
            DependencySource::Nothing => return Ok(ArtifactContents::default()),
            DependencySource::Listed(found) => {
                if !found.hashed {
                    self.warn_unlocked("`requirements.txt` has no hashes", &found);
                }
                found
            }
            DependencySource::Project { lock, .. } => {
                let found = project::requirements(context, worker, platform, lock.as_deref())?;
                if lock.is_none() {
                    self.warn_unlocked("the project has no `uv.lock`", &found);
                }
                found
            }
        };
        if found.is_empty() {
            return Ok(ArtifactContents::default());
        }
        let staging = context.folder.staging()?;
        let target = staging.path().join("python");
        let dir = context.app.root.join(&worker.dir);
        packages.add_wheels(&mut found, installer, staging.path(), context)?;
        let folders = Folders { worker: &dir, staging: staging.path(), target: &target };
        installer.install(&found, platform, folders, &context.tools, &self.what())?;
        // A marker may exclude everything.
        fs::create_dir_all(&target).map_err(|error| Error::io("failed to create the layer's folder", &error))?;
        let components = distributions::components(&target, &LockedArchives::of(&found.lines, uv_lock.as_deref()))?;
        prune(&target, &context.app.root, is_pruned_python_path)?;
        self.compile(staging.path(), &target)?;
        let settings = function.settings_table();
        let mut options = PackOptions::new(FolderKind::Dependencies, &context.app.root, settings);
        options.allow.clone_from(&worker.settings.allow);
        options.bytecode = true;
        let entries = collect_files(&target, &options)?.entries("python");
        Ok(ArtifactContents { entries, temp_dir: Some(staging), components })
    }

    fn warn_unlocked(&self, reason: &str, found: &Requirements) {
        if !found.is_empty() {
            let text =
                format!("`{}`: {reason}: the installed packages may change from build to build", self.worker.dir);
            self.context.observer.warning(Some(self.artifact), &text);
        }
    }

    fn compile(&self, staging: &Path, target: &Path) -> Result<()> {
        let compiled = match self.interpreter {
            Some(interpreter) => bytecode::compile(&interpreter.path, staging, target, &self.context.tools)?,
            None => false,
        };
        if let Some(interpreter) = self.interpreter.filter(|_| compiled) {
            let BytecodeCompiler { path, version } = interpreter;
            self.context.observer.compiled_bytecode(self.artifact, version, path);
        }
        if !compiled && bytecode::has_modules(target) {
            let warning = match self.interpreter {
                Some(interpreter) => bytecode::failed_interpreter(&interpreter.path),
                None => bytecode::missing_interpreter(self.worker.runtime),
            };
            self.context.observer.warning(Some(self.artifact), &warning);
        }
        Ok(())
    }
}

fn no_installer(what: &str) -> Error {
    Error::call(what)
        .cause("neither `uv` nor a `python3` with pip is on the PATH")
        .help("install uv, or Python with pip")
}
