//! `cargo bedrock status`: what is deployed beside what was built.

use clap::Args;

use super::access::{Access, Format};
use crate::deploy::{self, Request};
use crate::session::Session;
use bedrock_diagnostics::Result;

const EXAMPLES: &str = "\
Examples:
  cargo bedrock status --stage dev
  cargo bedrock status --stage dev --message-format json | jq -r '.functions[] | select(.state != \"same\").worker'

A function is `same`, or it `differs` (and how: other code, or settings that somebody changed), is `not deployed` yet, or
`not in the app` any more. The JSON is one object, keys may be added to it";

/// Show what is deployed, and how it differs from what was built
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Status {
    #[command(flatten)]
    access: Access,
    /// A table for people, or one JSON object for machines
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: Format,
}

impl Status {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let app = session.app()?;
        let (stage, access) = self.access.parts()?;
        let request = Request { stage, access, only: Vec::new(), dry_run: false, yes: false };
        deploy::status(&app, &request, self.message_format == Format::Json)
    }
}
