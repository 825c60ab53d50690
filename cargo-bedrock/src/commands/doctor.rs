//! `cargo bedrock doctor`: checks that this machine has the tools that the app needs.

use std::time::Duration;

use clap::Args;

use super::args::MessageFormat;
use crate::doctor::{Options, examine};
use crate::session::Session;
use crate::ui::Printer;
use bedrock_deploy::Stage;
use bedrock_deploy::aws::AwsOptions;
use bedrock_diagnostics::{Error, Result};

const EXAMPLES: &str = "\
Only a missing tool that this app needs is an error; everything else is a note. Without `--online` and `--stage` no request \
is sent over the network. With `--stage`, what would make a deploy fail is an error too.

The JSON is one object; keys may be added to it:
  version   1
  app       the app's name, or null outside of an app
  ok        true if there is no error
  findings  each with
    subject  a tool, or `settings`, `limits`, `credentials`; with `--stage` also `identity`, `region`, `concurrency`,
             `storage`, `permissions`, `bucket`, `lock`, `stage`, `leftovers`
    level    `ok`, `note` or `error`
    message  what was found
    version  the tool's version, or null
    help     a list of commands to run

Exit codes: 0 nothing that the app needs is missing, 1 something is missing, 2 usage error, 130 interrupted

Examples:
  cargo bedrock doctor
  cargo bedrock doctor --terraform
  cargo bedrock doctor --online --profile work
  cargo bedrock doctor --stage dev --region eu-west-1
  cargo bedrock doctor --message-format json | jq -r '.findings[] | select(.level == \"error\").message'";

/// Check this machine for required tools
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Doctor {
    /// Ask AWS which account the credentials belong to
    #[arg(long, group = "requests")]
    online: bool,
    /// Check whether this stage can be deployed: region, quotas, permissions, buckets and leftovers
    #[arg(long, value_name = "NAME", group = "requests")]
    stage: Option<String>,
    /// Require Terraform, for an app that is deployed with `terraform/`
    #[arg(long)]
    terraform: bool,
    /// Timeout in seconds for each version check
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Output format: human-readable, or JSON
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: MessageFormat,
    /// AWS profile to check
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// AWS region to send requests to
    #[arg(long, value_name = "REGION", requires = "requests")]
    region: Option<String>,
    /// Override the endpoint URL of all AWS services
    #[arg(long, value_name = "URL", requires = "requests")]
    endpoint_url: Option<String>,
}

impl Doctor {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let aws = AwsOptions { profile: self.profile, region: self.region, endpoint_url: self.endpoint_url };
        let stage = self.stage.as_deref().map(Stage::parse).transpose()?;
        let online = self.online || stage.is_some();
        let timeout = Duration::from_secs(self.timeout);
        let options = Options { timeout, online, terraform: self.terraform, stage, aws };
        let report = examine(session, &options)?;
        let text = if self.message_format.is_json() { report.json()? } else { report.text() };
        Printer::data(&text)?;
        let subject = report.app.as_ref().map_or_else(|| "an app".to_owned(), |app| format!("app `{app}`"));
        match report.errors() {
            0 => {
                session.print.done(&format!("{subject} has everything that it needs"));
                Ok(())
            }
            1 => Err(Error::app(format!("{subject} needs 1 thing that is missing"))),
            many => Err(Error::app(format!("{subject} needs {many} things that are missing"))),
        }
    }
}
