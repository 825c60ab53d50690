//! Names of `bedrock-deploy` under their old path.

// alias until integration
pub(crate) use bedrock_deploy::aws::{AwsOptions as Access, date as day, run};
