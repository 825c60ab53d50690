//! The layer of a Python worker: its requirements, installed for its runtime and processor.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bedrock_build::Worker;

use super::bytecode;
use super::installer::{Folders, Platform, install};
use super::requirements::{self, Requirements};
use crate::build::artifact::{Artifact, Function};
use crate::build::context::{ArtifactContents, BuiltArtifact, Context};
use crate::build::inputs::Inputs;
use crate::process::find_on_path;
use bedrock_artifacts::{FolderKind, PackOptions, collect_files, is_pruned_python_path, prune};
use bedrock_diagnostics::{Error, Result};

/// Version of the layer layout and pruning. Changing it rebuilds all layers.
const LAYOUT: &str = "2";

/// Builds the zip file of a worker's layer. There is none without requirements.
pub(crate) fn build(context: &Context<'_>, worker: &Worker) -> Result<BuiltArtifact> {
    let artifact = Artifact::Layer(worker.name.clone());
    let mut inputs = Inputs::default();
    inputs.add("layout", LAYOUT);
    let wanted = DependencySource::of(context, worker)?;
    wanted.add_to(&mut inputs)?;
    let interpreter = bytecode::interpreter(worker.runtime);
    inputs.add("bytecode", if interpreter.is_some() { worker.runtime.id } else { "none" });
    context.build_artifact(&artifact, inputs, Vec::new(), || {
        entries(context, worker, &artifact, wanted, interpreter.as_deref())
    })
}

/// The file that lists the dependencies of a worker.
enum DependencySource {
    Nothing,
    Listed(Requirements),
    /// The folder of a `pyproject.toml`, and whether there is a `uv.lock`.
    Project(PathBuf, bool),
}

impl DependencySource {
    fn of(context: &Context<'_>, worker: &Worker) -> Result<Self> {
        let dir = context.app.root.join(&worker.dir);
        if dir.join("pyproject.toml").is_file() {
            let locked = dir.join("uv.lock").is_file();
            return Ok(Self::Project(dir, locked));
        }
        let list = dir.join("requirements.txt");
        if !list.is_file() {
            return Ok(Self::Nothing);
        }
        let found = requirements::read(&list, &context.app.root)?;
        let is_empty = found.lines.iter().all(|line| line.starts_with('-'));
        Ok(if is_empty { Self::Nothing } else { Self::Listed(found) })
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
            Self::Project(dir, locked) => {
                inputs.add_bytes("pyproject.toml", &read(&dir.join("pyproject.toml"))?);
                if *locked {
                    inputs.add_bytes("uv.lock", &read(&dir.join("uv.lock"))?);
                }
            }
        }
        Ok(())
    }
}

fn entries(
    context: &Context<'_>,
    worker: &Worker,
    artifact: &Artifact,
    wanted: DependencySource,
    interpreter: Option<&Path>,
) -> Result<ArtifactContents> {
    let function = Function::Worker(worker.name.clone());
    let found = match wanted {
        DependencySource::Nothing => return Ok(ArtifactContents::default()),
        DependencySource::Listed(found) => found,
        DependencySource::Project(dir, locked) => exported(context, worker, &dir, locked)?,
    };
    if !found.hashed {
        context.observer.warning(
            Some(artifact),
            &format!(
                "`{}/requirements.txt` has no hashes: the installed packages may change from build to build",
                worker.dir
            ),
        );
    }
    let staging = context.folder.staging()?;
    let target = staging.path().join("python");
    let platform = Platform { runtime: worker.runtime, architecture: context.architecture(&function) };
    let what = format!("failed to install the dependencies of {function} for {}", platform.architecture.machine());
    let folders = Folders { staging: staging.path(), target: &target };
    install(&found, platform, folders, &context.tools, &what)?;
    prune(&target, &context.app.root, is_pruned_python_path)?;
    if let Some(interpreter) = interpreter {
        bytecode::compile(interpreter, staging.path(), &target, &context.tools)?;
    }
    let mut options = PackOptions::new(FolderKind::Dependencies, &context.app.root, function.settings_table());
    options.allow.clone_from(&worker.settings.allow);
    options.bytecode = true;
    let entries = collect_files(&target, &options)?.entries("python");
    Ok(ArtifactContents { entries, temp_dir: Some(staging) })
}

/// The requirements of a project, each with its hashes where there is a lock.
fn exported(context: &Context<'_>, worker: &Worker, dir: &Path, locked: bool) -> Result<Requirements> {
    let Some(uv) = find_on_path("uv") else {
        return Err(Error::call(format!("failed to read `{}/pyproject.toml`", worker.dir))
            .cause("`uv` is not on the PATH")
            .help("run `pip install uv`, or list the dependencies in `requirements.txt`"));
    };
    let mut command = Command::new(uv);
    if locked {
        command.args(["export", "--quiet", "--frozen", "--no-dev", "--no-emit-project", "--no-header"]);
    } else {
        command.args(["pip", "compile", "--quiet", "--no-header", "--generate-hashes", "pyproject.toml"]);
        command.args(["--python-version", worker.runtime.version().unwrap_or_default()]);
    }
    let what = format!("failed to read the dependencies of worker `{}`", worker.name);
    let text = context.tools.run(command.current_dir(dir), &what)?;
    let staging = context.folder.staging()?;
    let list = staging.path().join("exported.txt");
    fs::write(&list, text).map_err(|error| Error::io("failed to write `exported.txt`", &error))?;
    requirements::read(&list, &context.app.root)
}
