//! Runs npm, Yarn, pnpm or Bun to install dependencies for Lambda or for this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bedrock_build::Worker;

use super::install_commands::{self, InstallFolders, Purpose, with_platform};
use super::linked_packages::{LinkedPackages, replace_links};
use super::lists::{DependencyLists, read};
use super::locked_archives::{self, LockedArchive};
use super::package_manager::{NPM_LOCKS, PackageManager, Program};
use super::workspace::NodeWorkspace;
use crate::artifact::{Artifact, Function};
use crate::context::Context;
use crate::inputs::Inputs;
use bedrock_diagnostics::{Error, Result, relative_path};

/// A package manager, and the files that it reads for a worker.
#[derive(Debug)]
pub(super) struct NodeProject {
    dir: PathBuf,
    manager: PackageManager,
    /// `None` if it is not on the PATH.
    program: Option<Program>,
    /// The workspace that the worker is a member of.
    workspace: Option<NodeWorkspace>,
    /// Folders that the worker depends on without a workspace, and where the worker is in the app.
    linked: LinkedPackages,
    worker_dir: String,
}

/// The folders of an installation.
#[derive(Debug)]
pub(super) struct NodeFolders {
    /// The folder of the worker, or its place in a copy of its workspace.
    pub(super) worker: PathBuf,
    /// Has `node_modules`: the worker's folder, or the workspace.
    pub(super) root: PathBuf,
    /// The copy of the app or of the workspace that has both.
    pub(super) copy: PathBuf,
}

impl NodeProject {
    /// Finds the package manager of a worker, and what it reads. Fails if its lock cannot be used.
    pub(super) fn of(context: &Context<'_>, worker: &Worker) -> Result<Self> {
        let dir = context.app.root.join(&worker.dir);
        let workspace = NodeWorkspace::of(&dir, context)?;
        let root = workspace.as_ref().map(|workspace| workspace.root.as_path());
        let manager = match &workspace {
            Some(workspace) if workspace.is_pnpm() => PackageManager::Pnpm,
            _ => PackageManager::of(&dir, root, context, worker)?,
        };
        let linked = match &workspace {
            Some(workspace) => {
                workspace.check_folders(context, worker)?;
                LinkedPackages::default()
            }
            None => LinkedPackages::of(context, worker)?,
        };
        if manager != PackageManager::Npm && !linked.is_empty() {
            let name = manager.name();
            return Err(Error::app(format!(
                "the dependencies of worker `{}` cannot be installed for Lambda",
                worker.name
            ))
            .cause(format!("`{}/package.json` has a folder in it, and a lock of {name}", worker.dir))
            .help("make the worker and the folder members of a workspace, or use npm for this worker"));
        }
        let program = manager.find(&context.tools, &dir);
        Ok(Self { manager, program, dir, workspace, linked, worker_dir: worker.dir.clone() })
    }

    /// The tool that installs.
    pub(super) fn manager(&self) -> PackageManager {
        self.manager
    }

    /// Returns what the lock says about packages.
    pub(super) fn locked_archives(&self) -> Vec<LockedArchive> {
        let lock = fs::read(self.lock_dir().join(self.manager.lock())).unwrap_or_default();
        locked_archives::read(self.manager, &String::from_utf8_lossy(&lock))
    }

    /// The folder that has the lock, if there is one.
    fn lock_dir(&self) -> &Path {
        self.workspace.as_ref().map_or(&self.dir, |workspace| &workspace.root)
    }

    /// Adds what decides about the installed packages.
    pub(super) fn add_inputs(&self, inputs: &mut Inputs, context: &Context<'_>, worker: &Worker) -> Result<()> {
        let version = self.program.as_ref().map(|program| format!("{} {}", self.manager.name(), program.version));
        inputs.add("installer", version.unwrap_or("none".to_owned()));
        for list in DependencyLists::of(self.manager, &self.dir)?.files {
            let bytes = read(&self.dir.join(&list), &format!("{}/{list}", worker.dir))?;
            inputs.add_bytes(&list, &bytes.unwrap_or_default());
        }
        match &self.workspace {
            Some(workspace) => workspace.add_inputs(inputs, self.manager, context),
            None => self.linked.add_inputs(inputs, &context.app.root),
        }
    }

    /// Returns the folders of an installation in `temp_dir`.
    pub(super) fn folders(&self, temp_dir: &Path) -> NodeFolders {
        if !self.linked.is_empty() {
            // Paths of dependencies are relative to the worker.
            let worker = temp_dir.join(&self.worker_dir);
            return NodeFolders { root: worker.clone(), worker, copy: temp_dir.to_owned() };
        }
        let worker = self.workspace.as_ref().map_or(temp_dir.to_owned(), |workspace| temp_dir.join(&workspace.member));
        NodeFolders { worker, root: temp_dir.to_owned(), copy: temp_dir.to_owned() }
    }

    /// Installs the dependencies of a worker. `what` is the message of the error.
    pub(super) fn install(
        &self,
        context: &Context<'_>,
        worker: &Worker,
        folders: &NodeFolders,
        purpose: Purpose,
        what: &str,
    ) -> Result<()> {
        self.manager.check(self.program.as_ref(), what)?;
        let Some(program) = &self.program else { return Ok(()) };
        let create = |error| Error::io(format!("failed to create `{}`", folders.worker.display()), &error);
        fs::create_dir_all(&folders.worker).map_err(create)?;
        DependencyLists::of(self.manager, &self.dir)?.copy_to(&folders.worker, &worker.dir)?;
        if let Some(workspace) = &self.workspace {
            workspace.copy_to(&folders.root, self.manager, context)?;
        }
        self.linked.copy_to(&folders.copy, context)?;
        if self.manager == PackageManager::Npm {
            self.install_with_npm(&program.path, context, worker, folders, &npm_options(purpose), what)?;
        } else {
            self.install_with_lock(program, context, folders, purpose, what)?;
        }
        match &self.workspace {
            Some(workspace) => workspace.replace_links(&folders.root, context),
            None if self.linked.is_empty() => Ok(()),
            None => replace_links(&folders.root, &folders.copy)
                .map_err(|error| Error::io("failed to copy the packages in folders", &error)),
        }
    }

    fn install_with_npm(
        &self,
        npm: &Path,
        context: &Context<'_>,
        worker: &Worker,
        folders: &NodeFolders,
        options: &[String],
        what: &str,
    ) -> Result<()> {
        // Bundled dependencies are in the code.
        let artifact = if worker.settings.bundle {
            Artifact::Code(Function::Worker(worker.name.clone()))
        } else {
            Artifact::Layer(worker.name.clone())
        };
        let is_locked = |dir: &Path| NPM_LOCKS.iter().any(|list| dir.join(list).is_file());
        if !is_locked(self.lock_dir()) {
            let shown =
                if self.workspace.is_some() { "the npm workspace".to_owned() } else { format!("`{}`", worker.dir) };
            context.observer.warning(
                Some(&artifact),
                &format!("{shown} has no `package-lock.json`: the installed versions may change from build to build"),
            );
        }
        let npm = |is_locked: bool| {
            let mut command = Command::new(npm);
            command.args([if is_locked { "ci" } else { "install" }, "--ignore-scripts", "--no-audit", "--no-fund"]);
            command.arg("--loglevel=error");
            command
        };
        let mut command = npm(is_locked(self.lock_dir()));
        command.args(options);
        if let Some(workspace) = &self.workspace {
            command.arg(format!("--workspace={}", workspace.member));
        }
        context.tools.run(command.current_dir(&folders.root), what)?;
        for path in self.linked.with_dependencies() {
            let dir = folders.copy.join(path);
            let mut command = npm(is_locked(&dir));
            command.arg("--omit=dev").args(options);
            context.tools.run(command.current_dir(dir), what)?;
        }
        Ok(())
    }

    /// Installs with another tool than npm, and only what the lock has.
    fn install_with_lock(
        &self,
        program: &Program,
        context: &Context<'_>,
        folders: &NodeFolders,
        purpose: Purpose,
        what: &str,
    ) -> Result<()> {
        let lock = folders.root.join(self.manager.lock());
        let shown_dir = relative_path(self.lock_dir(), &context.app.root);
        let shown_dir = if shown_dir.is_empty() { "." } else { &shown_dir };
        let program_name = self.manager.program();
        if self.manager == PackageManager::Yarn {
            if let Purpose::Layer(architecture) = purpose {
                let settings = folders.root.join(".yarnrc.yml");
                let text = fs::read_to_string(&settings).unwrap_or_default();
                fs::write(&settings, with_platform(&text, architecture))
                    .map_err(|error| Error::io("failed to write the settings of Yarn", &error))?;
            }
            let before = fs::read(&lock).unwrap_or_default();
            context.tools.run(&mut install_commands::resolve(program, &folders.root), what)?;
            if fs::read(&lock).unwrap_or_default() != before {
                return Err(Error::app(what)
                    .cause("`yarn.lock` does not fit `package.json`, or is one of another version of Yarn")
                    .help(format!("run `yarn install` in `{shown_dir}`")));
            }
        }
        let member = self.workspace.as_ref().map(|workspace| workspace.member.as_str());
        let places = InstallFolders { root: &folders.root, worker: &folders.worker, member };
        let mut command = install_commands::install(self.manager, program, places, purpose);
        context.tools.run(&mut command, what).map(drop).map_err(|error| {
            let lock = self.manager.lock();
            error
                .help(format!("if `{lock}` does not fit `package.json`, run `{program_name} install` in `{shown_dir}`"))
        })
    }
}

/// Returns the options of npm that select the platform and leave out dependencies.
fn npm_options(purpose: Purpose) -> Vec<String> {
    match purpose {
        Purpose::Bundle => Vec::new(),
        Purpose::Layer(architecture) => {
            let cpu = format!("--cpu={}", architecture.node());
            ["--omit=dev", "--os=linux", "--libc=glibc", &cpu].map(str::to_owned).into()
        }
    }
}
