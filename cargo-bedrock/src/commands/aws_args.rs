//! Arguments that the commands for deployed apps share.

use bedrock_deploy::aws::AwsOptions;
use bedrock_deploy::{Confirm, Operation, Stage, StageContext};
use bedrock_diagnostics::Result;
use clap::{Args, ValueEnum};

use crate::ask;

/// The stage, and how to reach AWS.
#[derive(Debug, Args)]
pub(crate) struct StageArgs {
    /// Stage: a copy of the app with functions of its own, for example `dev`
    #[arg(long, value_name = "NAME")]
    stage: String,
    #[command(flatten)]
    aws: AwsArgs,
}

/// How to reach AWS.
#[derive(Debug, Args)]
pub(crate) struct AwsArgs {
    /// Profile in your AWS configuration
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Override the region of the profile
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// Override the endpoint URL of all AWS services
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

/// What a command asks before it changes a stage.
#[derive(Debug, Args)]
pub(crate) struct ConfirmArgs {
    /// Show the plan without applying it
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    yes: bool,
}

/// The format of the output.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Output format: human-readable, or newline-delimited JSON
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: OutputFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    Human,
    Json,
}

impl StageArgs {
    /// Returns the checked name of the stage, and how to reach AWS.
    pub(crate) fn parse(self) -> Result<(Stage, AwsOptions)> {
        Ok((Stage::parse(&self.stage)?, self.aws.into()))
    }
}

impl From<AwsArgs> for AwsOptions {
    fn from(args: AwsArgs) -> Self {
        Self { profile: args.profile, region: args.region, endpoint_url: args.endpoint_url }
    }
}

impl OutputArgs {
    pub(crate) fn is_json(&self) -> bool {
        self.message_format == OutputFormat::Json
    }
}

/// Asks on the terminal, unless `--yes` was given.
impl Confirm for ConfirmArgs {
    fn confirm(&self, operation: Operation, stage: &StageContext) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        match operation {
            Operation::Deploy => ask::agreed(&format!("deploy {stage}?")),
            Operation::Rollback => ask::agreed(&format!("roll back {stage}?")),
            Operation::Destroy => ask::typed(&stage.full_name(), "delete all of it, with its logs?"),
        }
    }
}
