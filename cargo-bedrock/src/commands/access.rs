//! What all commands that go to AWS have in common: the stage, and how AWS is reached.

use clap::{Args, ValueEnum};

use crate::aws;
use crate::deploy::Stage;
use bedrock_diagnostics::Result;

/// Which stage, and where.
#[derive(Debug, Args)]
pub(crate) struct Access {
    /// The stage: a copy of the app with its own functions, for example `dev`
    #[arg(long, value_name = "NAME")]
    stage: String,
    /// The profile of your AWS configuration
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The region, in place of the profile's
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// An address that stands for all of AWS
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Human,
    Json,
}

impl Access {
    pub(crate) fn parts(self) -> Result<(Stage, aws::Access)> {
        let access = aws::Access { profile: self.profile, region: self.region, endpoint_url: self.endpoint_url };
        Ok((Stage::parse(&self.stage)?, access))
    }
}
