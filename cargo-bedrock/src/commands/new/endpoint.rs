//! `cargo bedrock new endpoint`: adds an HTTP endpoint to an app.

use std::fs;
use std::io;

use bedrock_build::EndpointName;
use clap::Args;

use crate::file_plan;
use crate::scaffold::endpoint;
use crate::session::Session;
use bedrock_diagnostics::{Error, ExitKind, Interrupt, Result};

const EXAMPLES: &str = "\
Examples:
  cargo bedrock new endpoint systems";

/// Add an HTTP endpoint to the app: a file in `src/endpoints/`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NewEndpoint {
    /// Name of the endpoint, which is also its path
    name: String,
}

impl NewEndpoint {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let name = EndpointName::parse(&self.name).map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
        let interrupt = Interrupt::watch()?;
        let read = |path: &str| {
            fs::read_to_string(app.root.join(path)).map_err(|error| {
                let read_error = Error::io(format!("failed to read `{path}`"), &error);
                let is_missing = error.kind() == io::ErrorKind::NotFound && path == endpoint::MODULE_FILE;
                if is_missing { read_error.help(MISSING_MODULE_HELP) } else { read_error }
            })
        };
        let manifest = read("Cargo.toml")?;
        let module = read(endpoint::MODULE_FILE)?;
        let (plan, manual_steps) = endpoint::plan(&app, &manifest, &module, &name)?;
        file_plan::apply(&plan, &interrupt)?;
        session.print.done(&format!("created endpoint `{name}` in `src/endpoints/{name}.rs`"));
        for line in manual_steps {
            session.print.warning(&line);
        }
        session.print.next(&format!("run `cargo run`, then open `/{name}` at the printed address"));
        Ok(())
    }
}

const MISSING_MODULE_HELP: &str =
    "write one with `pub fn router() -> axum::Router`, and `mod endpoints;` in `src/main.rs`";
