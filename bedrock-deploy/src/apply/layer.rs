//! Publishes and deletes versions of a worker's own layer. A version is never changed: changed dependencies are published as
//! a new version, and some old versions are kept for rollbacks.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, LayerVersionContentInput, Runtime};
use bedrock_diagnostics::Error;

use super::context::{FunctionContext, StepError, StepResult};
use super::upload::{CodeSource, code_source};
use crate::aws::{Idempotency, call};
use crate::desired::DesiredFunction;

/// Publishes a version and returns its ARN. Its description identifies the contents, so that later plans find it.
pub(super) async fn publish(context: &FunctionContext<'_>, desired: &DesiredFunction) -> Result<String, StepError> {
    let Some(layer) = &desired.worker_layer else { return Err(Error::app("there is no layer to publish").into()) };
    let source = match code_source(context, &layer.zip).await? {
        CodeSource::Bytes(bytes) => LayerVersionContentInput::builder().zip_file(Blob::new(bytes)),
        CodeSource::Bucket { bucket, key } => LayerVersionContentInput::builder().s3_bucket(bucket).s3_key(key),
    };
    let source = source.build();
    let version = &desired.version;
    let request = || {
        let layer_version = context.aws.lambda.publish_layer_version().layer_name(context.name).content(source.clone());
        let layer_version = layer_version.description(&layer.description);
        let layer_version = layer_version.compatible_architectures(Architecture::from(version.architecture.as_str()));
        layer_version.compatible_runtimes(Runtime::from(version.settings.runtime.as_str())).send()
    };
    let published = call(Idempotency::NotIdempotent, request).await?;
    Ok(published.layer_version_arn().unwrap_or_default().to_owned())
}

pub(super) async fn delete_versions(context: &FunctionContext<'_>, numbers: &[i64]) -> StepResult {
    let lambda = &context.aws.lambda;
    for number in numbers {
        let request = || lambda.delete_layer_version().layer_name(context.name).version_number(*number).send();
        call(Idempotency::Idempotent, request).await?;
    }
    Ok(())
}
