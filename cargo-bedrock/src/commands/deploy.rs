//! `cargo bedrock deploy`: deploys the last build to a stage.

use bedrock_deploy::aws::AwsOptions;
use bedrock_deploy::{Canary, DeployerPolicyOptions, Stage, StageRequest};
use bedrock_diagnostics::{Error, Result};
use clap::Args;

use super::args::{AwsArgs, ConfirmArgs, OutputArgs};
use crate::session::Session;
use crate::ui::{DeployReporter, Printer};

const EXAMPLES: &str = "\
Deploys what `cargo bedrock build` wrote to `target/bedrock`. Only differences are changed, and functions of workers that \
no longer exist are deleted. After a failure, run the same command again to continue.

Exit codes: 0 success, 1 error in the app or from AWS, 2 usage or machine error, 130 interrupted

Examples:
  cargo bedrock build --release && cargo bedrock deploy --stage dev
  cargo bedrock deploy --stage dev --dry-run              show the plan only
  cargo bedrock deploy --stage prod --yes                 do not ask, for CI
  cargo bedrock deploy --stage dev --only system_fetcher  do not change other functions
  cargo bedrock deploy --stage prod --canary 10%/10m      new versions get 10 % of the calls for 10 minutes first
  cargo bedrock deploy --stage dev --allow-breaking       change contracts although deployed callers break
  cargo bedrock deploy --stage dev --refresh              undo what others changed by hand
  cargo bedrock deploy --stage dev --print-policy         print the permissions that the commands need";

/// Deploy the last build to a stage
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Deploy {
    /// Stage: a copy of the app with functions of its own, for example `dev`
    #[arg(long, value_name = "NAME", required_unless_present = "print_policy")]
    stage: Option<String>,
    #[command(flatten)]
    aws: AwsArgs,
    /// Deploy only this worker, or `endpoint` (repeatable)
    #[arg(long, value_name = "WORKER")]
    only: Vec<String>,
    /// Give new versions a part of the calls at first, for example `10%/10m`, and go back if an alarm fires
    #[arg(long, value_name = "PERCENT/TIME")]
    canary: Option<String>,
    /// Deploy even if a change of a contract breaks deployed callers
    #[arg(long)]
    allow_breaking: bool,
    /// Read everything from AWS, also what the record of the last deployment says
    #[arg(long)]
    refresh: bool,
    /// Print the IAM policy that this and the other commands for a stage need, and change nothing
    #[arg(long, conflicts_with_all = ["canary", "only", "dry_run", "yes"])]
    print_policy: bool,
    /// Print the policy for `terraform apply` and `terraform destroy` instead
    #[arg(long, requires = "print_policy")]
    terraform: bool,
    #[command(flatten)]
    confirm: ConfirmArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Deploy {
    pub(crate) fn run(self, session: &Session) -> Result<()> {
        let reporter = DeployReporter::new(session.print, self.output.is_json());
        reporter.end(self.deploy(session, &reporter))
    }

    fn deploy(self, session: &Session, reporter: &DeployReporter) -> Result<()> {
        let app = session.app()?;
        let stage = self.stage.as_deref().map(Stage::parse).transpose()?;
        let aws = AwsOptions::from(self.aws);
        if self.print_policy {
            let options = DeployerPolicyOptions { stage, region: aws.region, is_for_terraform: self.terraform };
            return Printer::data(&bedrock_deploy::deployer_policy(&app, &options)?);
        }
        let stage = stage.ok_or_else(|| Error::call("no stage is given").help("pass one with `--stage dev`"))?;
        let dry_run = self.confirm.dry_run;
        let canary = self.canary.as_deref().map(Canary::parse).transpose()?;
        let Self { only, allow_breaking, refresh, .. } = self;
        let request = StageRequest { stage, aws, only, dry_run, allow_breaking, refresh, canary };
        bedrock_deploy::deploy(&app, &request, reporter, &self.confirm)
    }
}
