//! `cargo bedrock mcp`: lets a coding agent read a running app.

use clap::Args;

use crate::mcp;
use crate::session::Session;
use bedrock_diagnostics::Result;

const EXAMPLES: &str = "\
The agent starts this command and talks to it over standard input and output. The tools read what a running \
`cargo bedrock dev` of this app knows: list, app, graph, logs, builds, invocations, invocation, trace and queue. They \
change nothing. Fields that the setting `redact` names are hidden.

With `--allow-invoke` there is one more tool, invoke, which can do whatever the workers can do.

Examples:
  cargo bedrock mcp
  cargo bedrock -C ~/code/shop mcp --allow-invoke
  claude mcp add shop -- cargo bedrock mcp";

/// Serve a coding agent over the Model Context Protocol
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Mcp {
    /// Let the agent invoke workers of the running app
    #[arg(long)]
    allow_invoke: bool,
}

impl Mcp {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        mcp::serve(&session.app()?, self.allow_invoke)
    }
}
