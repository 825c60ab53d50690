//! Arguments that several commands share. A command flattens them into its own.

use bedrock_deploy::aws::AwsOptions;
use bedrock_deploy::{Confirm, Operation, Stage, StageContext};
use bedrock_diagnostics::Result;
use clap::{Args, ValueEnum};

use crate::prompt;

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
#[derive(Debug, Clone, Args)]
pub(crate) struct AwsArgs {
    /// Profile of your AWS configuration
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// AWS region, overriding the profile's
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// Override the endpoint URL of all AWS services
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

/// Flags of commands that show a plan and ask for confirmation before they carry it out.
#[derive(Debug, Args)]
pub(crate) struct ConfirmArgs {
    /// Show the plan without carrying it out
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// Output format of commands that print events or records.
#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Output format: human-readable, or newline-delimited JSON
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    message_format: MessageFormat,
}

/// Value of `--message-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
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

/// Asks on the terminal, unless `--yes` was given.
impl Confirm for ConfirmArgs {
    fn confirm(&self, operation: Operation, stage: &StageContext, data: &[String]) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        match operation {
            Operation::Deploy => prompt::confirm(&format!("deploy {stage}?")),
            Operation::Rollback => prompt::confirm(&format!("roll back {stage}?")),
            Operation::Destroy => {
                let logs = ["its logs".to_owned()];
                let lost: Vec<&str> = logs.iter().chain(data).map(String::as_str).collect();
                prompt::confirm_by_typing(&stage.full_name(), &format!("delete all of it, with {}?", lost.join(", ")))
            }
        }
    }
}

impl OutputArgs {
    /// Whether the output is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.message_format.is_json()
    }
}

impl MessageFormat {
    /// Whether the output is JSON.
    pub(crate) fn is_json(self) -> bool {
        self == Self::Json
    }
}
