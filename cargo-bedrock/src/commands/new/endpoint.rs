//! `cargo bedrock new endpoint`.

use std::fs;
use std::io;

use bedrock_build::EndpointName;
use clap::Args;

use crate::scaffold::{self, endpoint};
use crate::session::Session;
use bedrock_diagnostics::Interrupt;
use bedrock_diagnostics::{Error, ExitKind, Result};

const EXAMPLES: &str = "\
Examples:
  cargo bedrock new endpoint systems";

/// Add an HTTP endpoint to the app: a file below `src/endpoints/`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NewEndpoint {
    /// The endpoint's name, which is its path too
    name: String,
}

impl NewEndpoint {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let name = EndpointName::parse(&self.name).map_err(|problem| Error::problems(ExitKind::Call, vec![problem]))?;
        let interrupt = Interrupt::watch()?;
        let read = |path: &str| {
            fs::read_to_string(app.root.join(path)).map_err(|error| {
                let failure = Error::io(format!("failed to read `{path}`"), &error);
                let is_missing = error.kind() == io::ErrorKind::NotFound && path == endpoint::MODULE;
                if is_missing { failure.help(HOW_TO_BEGIN) } else { failure }
            })
        };
        let (manifest, module) = (read("Cargo.toml")?, read(endpoint::MODULE)?);
        let (plan, by_hand) = endpoint::plan(&app, &manifest, &module, &name)?;
        scaffold::apply(&plan, &interrupt)?;
        session.print.done(&format!("created endpoint `{name}` in `src/endpoints/{name}.rs`"));
        for line in by_hand {
            session.print.warning(&line);
        }
        session.print.next(&format!("`cargo run`, then open `/{name}` at the address it prints"));
        Ok(())
    }
}

const HOW_TO_BEGIN: &str = "write one with `pub fn router() -> axum::Router`, and `mod endpoints;` in `src/main.rs`";
