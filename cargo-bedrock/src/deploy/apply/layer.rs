//! Versions of a worker's own layer. A version is never changed: other dependencies make another one, and some old ones
//! stay, for going back to.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, LayerVersionContentInput, Runtime};

use super::chain::{Chain, Stop};
use super::upload::{Source, source};
use crate::aws::{Repeat, call};
use crate::deploy::desired::Function;
use bedrock_diagnostics::Error;

/// Gives the ARN of the new version. Its description says what is in it, so that it is found instead of made again.
pub(super) async fn publish(chain: &Chain, wanted: &Function) -> Result<String, Stop> {
    let Some(layer) = &wanted.layer else { return Err(Error::app("there is no layer to publish").into()) };
    let content = match source(chain, &layer.zip).await? {
        Source::Bytes(bytes) => LayerVersionContentInput::builder().zip_file(Blob::new(bytes)),
        Source::Bucket { bucket, key } => LayerVersionContentInput::builder().s3_bucket(bucket).s3_key(key),
    };
    let (content, version) = (content.build(), &wanted.version);
    let request = || {
        let made = chain.aws.lambda.publish_layer_version().layer_name(&chain.name).content(content.clone());
        let made = made.description(&layer.description);
        let made = made.compatible_architectures(Architecture::from(version.architecture.as_str()));
        made.compatible_runtimes(Runtime::from(version.settings.runtime.as_str())).send()
    };
    let made = call(Repeat::WhenRefused, request).await?;
    Ok(made.layer_version_arn().unwrap_or_default().to_owned())
}

pub(super) async fn drop(chain: &Chain, numbers: &[i64]) -> Result<(), Stop> {
    let lambda = &chain.aws.lambda;
    for number in numbers {
        let request = || lambda.delete_layer_version().layer_name(&chain.name).version_number(*number).send();
        call(Repeat::Always, request).await?;
    }
    Ok(())
}
