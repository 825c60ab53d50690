//! `cargo bedrock destroy`: deletes a stage from AWS.

use bedrock_deploy::StageRequest;
use bedrock_diagnostics::Result;
use clap::Args;

use super::args::{ConfirmArgs, OutputArgs, StageArgs};
use crate::session::Session;
use crate::ui::DeployReporter;

const EXAMPLES: &str = "\
Deletes schedules, queues with their messages and empty buckets first; buckets that are not empty are kept, with a warning. \
Then it deletes the functions with their versions, layers, roles, URL and logs. It needs no build

Tables, topics, event buses and Kinesis streams of the app are kept, unless `--with-data` says otherwise: then those that \
`Cargo.toml` names are deleted last, with what they contain, and the question names them

Examples:
  cargo bedrock destroy --stage dev --dry-run    show what would be deleted
  cargo bedrock destroy --stage dev              ask for the name of the stage first
  cargo bedrock destroy --stage pr-12 --with-data --yes
                                                 delete everything and do not ask, for CI";

/// Delete a stage from AWS, with its logs
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Destroy {
    #[command(flatten)]
    stage: StageArgs,
    /// Delete also tables, topics, event buses and streams of the settings, and buckets with objects
    #[arg(long)]
    with_data: bool,
    #[command(flatten)]
    confirm: ConfirmArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Destroy {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let reporter = DeployReporter::new(session.print, self.output.is_json());
        reporter.end(self.destroy(session, &reporter))
    }

    fn destroy(self, session: &Session, reporter: &DeployReporter) -> Result<()> {
        let app = session.app()?;
        let (stage, aws) = self.stage.parse()?;
        let request = StageRequest {
            stage,
            aws,
            only: Vec::new(),
            dry_run: self.confirm.dry_run,
            allow_breaking: false,
            refresh: true,
            canary: None,
        };
        bedrock_deploy::destroy(&app, &request, self.with_data, reporter, &self.confirm)
    }
}
