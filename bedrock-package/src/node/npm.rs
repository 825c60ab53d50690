//! Runs npm to install dependencies for Lambda or for this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bedrock_build::Worker;

use super::foreign_locks;
use super::linked_packages::{LinkedPackages, replace_links};
use super::lists::{DEPENDENCY_LISTS, copy, read};
use super::workspace::NpmWorkspace;
use crate::artifact::{Artifact, Function};
use crate::context::Context;
use crate::inputs::Inputs;
use crate::tools::{ToolRunner, find_all_on_path};
use bedrock_diagnostics::{Error, Result};

/// npm, and the files that it reads for a worker.
#[derive(Debug)]
pub(super) struct NpmProject {
    dir: PathBuf,
    npm: Option<Npm>,
    /// The workspace that the worker is a member of.
    workspace: Option<NpmWorkspace>,
    /// Folders that the worker depends on without a workspace, and where the worker is in the app.
    linked: LinkedPackages,
    worker_dir: String,
}

#[derive(Debug)]
struct Npm {
    program: PathBuf,
    version: String,
}

/// The folders of an installation.
#[derive(Debug)]
pub(super) struct NpmFolders {
    /// The folder of the worker, or its place in a copy of its workspace.
    pub(super) worker: PathBuf,
    /// Has `node_modules`: the worker's folder, or the workspace.
    pub(super) root: PathBuf,
    /// The copy of the app or of the workspace that has both.
    pub(super) copy: PathBuf,
}

impl NpmProject {
    /// Finds what npm reads for a worker. Fails if a lock of another tool decides about the versions.
    pub(super) fn of(context: &Context<'_>, worker: &Worker) -> Result<Self> {
        let dir = context.app.root.join(&worker.dir);
        let workspace = NpmWorkspace::of(&dir, context)?;
        foreign_locks::check(&dir, workspace.as_ref().map(|workspace| workspace.root.as_path()), context, worker)?;
        let linked = match &workspace {
            Some(workspace) => {
                workspace.check_folders(context, worker)?;
                LinkedPackages::default()
            }
            None => LinkedPackages::of(context, worker)?,
        };
        Ok(Self { npm: Npm::find(&context.tools), dir, workspace, linked, worker_dir: worker.dir.clone() })
    }

    /// Adds what decides about the installed packages.
    pub(super) fn add_inputs(&self, inputs: &mut Inputs, context: &Context<'_>, worker: &Worker) -> Result<()> {
        inputs.add("installer", self.npm.as_ref().map_or("none".to_owned(), |npm| format!("npm {}", npm.version)));
        for list in DEPENDENCY_LISTS {
            if let Some(bytes) = read(&self.dir.join(list), &format!("{}/{list}", worker.dir))? {
                inputs.add_bytes(list, &bytes);
            }
        }
        match &self.workspace {
            Some(workspace) => workspace.add_inputs(inputs, context),
            None => self.linked.add_inputs(inputs, &context.app.root),
        }
    }

    /// Returns the folders of an installation in `temp_dir`.
    pub(super) fn folders(&self, temp_dir: &Path) -> NpmFolders {
        if !self.linked.is_empty() {
            // Paths of dependencies are relative to the worker.
            let worker = temp_dir.join(&self.worker_dir);
            return NpmFolders { root: worker.clone(), worker, copy: temp_dir.to_owned() };
        }
        let worker = self.workspace.as_ref().map_or(temp_dir.to_owned(), |workspace| temp_dir.join(&workspace.member));
        NpmFolders { worker, root: temp_dir.to_owned(), copy: temp_dir.to_owned() }
    }

    /// Installs the dependencies of a worker. `options` are options of npm that select the platform and leave out dependencies;
    /// `what` is the message of the error.
    pub(super) fn install(
        &self,
        context: &Context<'_>,
        worker: &Worker,
        folders: &NpmFolders,
        options: &[&str],
        what: &str,
    ) -> Result<()> {
        let Some(npm) = &self.npm else {
            return Err(Error::call(what).cause("`npm` is not on the PATH").help("install Node.js with npm"));
        };
        let create = |error| Error::io(format!("failed to create `{}`", folders.worker.display()), &error);
        fs::create_dir_all(&folders.worker).map_err(create)?;
        for list in DEPENDENCY_LISTS {
            copy(&self.dir.join(list), &folders.worker.join(list), &format!("{}/{list}", worker.dir))?;
        }
        if let Some(workspace) = &self.workspace {
            workspace.copy_to(&folders.root, context)?;
        }
        self.linked.copy_to(&folders.copy, context)?;
        // Bundled dependencies are in the code.
        let artifact = if worker.settings.bundle {
            Artifact::Code(Function::Worker(worker.name.clone()))
        } else {
            Artifact::Layer(worker.name.clone())
        };
        let locked = self.workspace.as_ref().map_or(&self.dir, |workspace| &workspace.root);
        let is_locked = ["package-lock.json", "npm-shrinkwrap.json"].iter().any(|list| locked.join(list).is_file());
        if !is_locked {
            let shown =
                if self.workspace.is_some() { "the npm workspace".to_owned() } else { format!("`{}`", worker.dir) };
            context.observer.warning(
                Some(&artifact),
                &format!("{shown} has no `package-lock.json`: the installed versions may change from build to build"),
            );
        }
        let mut command = Command::new(&npm.program);
        command.args([if is_locked { "ci" } else { "install" }, "--ignore-scripts", "--no-audit", "--no-fund"]);
        command.arg("--loglevel=error").args(options);
        if let Some(workspace) = &self.workspace {
            command.arg(format!("--workspace={}", workspace.member));
        }
        context.tools.run(command.current_dir(&folders.root), what)?;
        for path in self.linked.with_dependencies() {
            let dir = folders.copy.join(path);
            let is_locked = ["package-lock.json", "npm-shrinkwrap.json"].iter().any(|list| dir.join(list).is_file());
            let mut command = Command::new(&npm.program);
            command.args([if is_locked { "ci" } else { "install" }, "--ignore-scripts", "--no-audit", "--no-fund"]);
            command.arg("--loglevel=error").arg("--omit=dev").args(options);
            context.tools.run(command.current_dir(dir), what)?;
        }
        match &self.workspace {
            Some(workspace) => workspace.replace_links(&folders.root, context),
            None if self.linked.is_empty() => Ok(()),
            None => replace_links(&folders.root, &folders.copy)
                .map_err(|error| Error::io("failed to copy the packages in folders", &error)),
        }
    }
}

impl Npm {
    /// Returns npm if it is on the PATH and runs.
    fn find(tools: &ToolRunner) -> Option<Self> {
        find_all_on_path("npm").into_iter().find_map(|program| {
            let version = tools.ask(Command::new(&program).arg("--version"))?;
            Some(Self { program, version })
        })
    }
}
