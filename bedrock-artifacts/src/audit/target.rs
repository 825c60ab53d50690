//! Where an artifact will run.

use super::base_image::LambdaBaseImage;
use bedrock_build::Architecture;

/// Where the artifact will run.
#[derive(Debug, Clone)]
pub struct Target {
    /// In messages: ``the layer of worker `resizer` ``.
    pub artifact: String,
    /// The architecture of the function.
    pub architecture: Architecture,
    /// The image of the Lambda runtime.
    pub base_image: LambdaBaseImage,
    /// Globs of paths in the artifact that are not looked at.
    pub allow: Vec<String>,
    /// Where `allow` is set, for help lines: `[package.metadata.bedrock.workers.resizer]`.
    pub settings: String,
}
