//! `cargo bedrock new app`: creates an app.

use std::io::ErrorKind::NotFound;
use std::path::{Component, Path, PathBuf};

use bedrock_build::{AppName, shell_quoted};
use clap::Args;

use crate::file_plan::{self, FileStep};
use crate::scaffold::{self, Checkout};
use crate::session::Session;
use bedrock_diagnostics::{Error, ExitKind, Interrupt, Result, relative_path};

const EXAMPLES: &str = "\
Neither a network connection nor Python nor Node.js is needed to create the app and to run its first worker, which is in \
Rust.

Examples:
  cargo bedrock new app my_app
  cargo bedrock new app my_app --dir ~/code
  cargo bedrock new app my_app --bedrock-path ../cargo-bedrock";

/// Create an app: a folder with one endpoint and one worker
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NewApp {
    /// Name of the app, for example `my_app`
    name: String,
    /// Create the app's folder in this folder, which is created if it is missing
    #[arg(long, value_name = "PARENT")]
    dir: Option<PathBuf>,
    /// Depend on this checkout of cargo bedrock instead of the published crates
    #[arg(long, value_name = "DIR")]
    bedrock_path: Option<PathBuf>,
}

impl NewApp {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let name = AppName::parse(&self.name).map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
        let interrupt = Interrupt::watch()?;
        let parent = parent(session, self.dir.as_deref())?;
        let path = parent.join(name.as_str());
        let given = self.bedrock_path.as_deref();
        let checkout = given.map(|given| Checkout::find(given, &session.dir, &path)).transpose()?;
        let plan = scaffold::app::plan(&name, path.clone(), &session.dir, checkout.as_ref())?;
        file_plan::apply(&plan, &interrupt)?;
        let files: usize = plan.steps.iter().map(file_count).sum();
        let folder = relative_path(&path, &session.dir);
        session.print.done(&format!("created app `{name}` in `{folder}` ({files} files)"));
        let folder = shell_quoted(&folder);
        session.print.next(&format!("run `cd {folder} && cargo run`, then open `/hello/world` at the printed address"));
        session.print.next("run `cargo bedrock new worker NAME.rs` (or `.py`, `.js`, `.ts`) to add a worker");
        Ok(())
    }
}

/// Returns the folder to create the app in, without symlinks, so that a relative path out of the app is right. Folders that
/// do not exist yet are created with the app.
fn parent(session: &Session, dir: Option<&Path>) -> Result<PathBuf> {
    let dir = dir.unwrap_or(Path::new("."));
    let message = || format!("failed to create the app in `{}`", dir.display());
    let path = session.dir.join(dir);
    let is_missing = |folder: &&Path| folder.symlink_metadata().is_err_and(|error| error.kind() == NotFound);
    let existing = path.ancestors().find(|folder| !is_missing(folder)).unwrap_or(&path);
    let missing = path.strip_prefix(existing).unwrap_or(Path::new(""));
    if missing.components().any(|part| part == Component::ParentDir) {
        return Err(Error::call(message()).cause("it has `..` below a folder that does not exist"));
    }
    let parent = existing.canonicalize().map_err(|error| Error::io(message(), &error))?;
    if !parent.is_dir() {
        let cause =
            if missing.as_os_str().is_empty() { "it is not a folder" } else { "a part of the path is not a folder" };
        return Err(Error::call(message()).cause(cause));
    }
    Ok(parent.join(missing))
}

fn file_count(step: &FileStep) -> usize {
    match step {
        FileStep::CreateFolder { files, .. } => files.len(),
        FileStep::CreateFile { .. } | FileStep::Edit { .. } | FileStep::Remove { .. } => 1,
    }
}
