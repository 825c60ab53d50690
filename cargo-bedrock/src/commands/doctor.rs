//! `cargo bedrock doctor`: whether this machine has what the app needs.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::aws::Access;
use crate::doctor::{Options, examine};
use crate::print::Printer;
use crate::session::Session;
use bedrock_diagnostics::{Error, Result};

const EXAMPLES: &str = "\
Examples:
  cargo bedrock doctor
  cargo bedrock doctor --online --profile work
  cargo bedrock doctor --message-format json | jq -r '.findings[] | select(.level == \"error\").message'

Only what this app needs is an error; everything else is a note. Without `--online` nothing is asked over the network.

The JSON is one object, keys may be added to it:
  version   1
  app       the app's name, null outside of an app
  ok        whether there is no error
  findings  each with
    subject  a tool, or `settings`, `limits`, `credentials`
    level    `ok`, `note` or `error`
    message  what was found
    version  of a tool that said it, or null
    help     a list of what to type

Exit codes: 0 nothing is missing, 1 something is that the app needs, 2 the call is at fault, 130 interrupted";

/// Look whether this machine has what the app needs
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Doctor {
    /// Ask AWS whose credentials these are
    #[arg(long)]
    online: bool,
    /// Seconds that a tool may take to tell its version
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Words for people, or JSON for machines
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: Format,
    /// The AWS profile to look for
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The AWS region to ask in
    #[arg(long, value_name = "REGION", requires = "online")]
    region: Option<String>,
    /// An address that stands for all of AWS
    #[arg(long, value_name = "URL", requires = "online")]
    endpoint_url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

impl Doctor {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let access = Access { profile: self.profile, region: self.region, endpoint_url: self.endpoint_url };
        let options = Options { limit: Duration::from_secs(self.timeout), online: self.online, access };
        let report = examine(session, &options)?;
        match self.message_format {
            Format::Human => Printer::data(&report.text())?,
            Format::Json => Printer::data(&report.json()?)?,
        }
        let who = report.app.as_ref().map_or_else(|| "an app".to_owned(), |app| format!("app `{app}`"));
        match report.errors() {
            0 => {
                session.print.done(&format!("{who} has all that it needs"));
                Ok(())
            }
            1 => Err(Error::app(format!("{who} lacks 1 thing that it needs"))),
            many => Err(Error::app(format!("{who} lacks {many} things that it needs"))),
        }
    }
}
