//! `cargo bedrock new app`.

use std::path::{Path, PathBuf};

use bedrock_build::AppName;
use clap::Args;

use crate::scaffold::{self, Checkout, Step};
use crate::session::Session;
use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, ExitKind, Result, relative_path};

const EXAMPLES: &str = "\
Examples:
  cargo bedrock new app my_app
  cargo bedrock new app my_app --dir ~/code
  cargo bedrock new app my_app --bedrock-path ../cargo-bedrock

No network, Python or Node is needed, neither for making the app nor for its first worker, which is in Rust";

/// Make an app: a folder with one endpoint and one worker
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NewApp {
    /// The app's name, for example `my_app`
    name: String,
    /// Make the app's folder in this one, which must exist
    #[arg(long, value_name = "PARENT")]
    dir: Option<PathBuf>,
    /// Depend on this checkout of cargo bedrock instead of its published crates
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
        scaffold::apply(&plan, &interrupt)?;
        let files: usize = plan.steps.iter().map(count).sum();
        let shown = relative_path(&path, &session.dir);
        session.print.done(&format!("created app `{name}` in `{shown}` ({files} files)"));
        session.print.next(&format!("`cd {shown} && cargo run`, then open `/hello/world` at the address it prints"));
        session.print.next("`cargo bedrock new worker NAME.rs` (or `.py`, `.js`) adds a worker");
        Ok(())
    }
}

/// The folder to make the app in, without symlinks, so that a relative path out of the app is right.
fn parent(session: &Session, dir: Option<&Path>) -> Result<PathBuf> {
    let dir = dir.unwrap_or(Path::new("."));
    let subject = || format!("failed to make the app in `{}`", dir.display());
    let parent = session.dir.join(dir).canonicalize().map_err(|error| Error::io(subject(), &error))?;
    if parent.is_dir() { Ok(parent) } else { Err(Error::call(subject()).cause("it is no folder")) }
}

fn count(step: &Step) -> usize {
    match step {
        Step::Folder { files, .. } => files.len(),
        Step::File { .. } | Step::Edit { .. } | Step::Remove { .. } => 1,
    }
}
