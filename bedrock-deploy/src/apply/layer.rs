//! Publishes and deletes versions of a worker's own layer. A version is never changed: changed dependencies are published as
//! a new version, and some old versions are kept for rollbacks.

use std::collections::BTreeSet;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, LayerVersionContentInput, Runtime};
use bedrock_diagnostics::Error;

use super::context::{FunctionContext, StepError, StepResult};
use super::upload::{CodeSource, read_and_upload, verify_code};
use crate::aws::{Idempotency, call};
use crate::desired::DesiredFunction;
use crate::read::read_layers_in_use;

/// Publishes a version and returns its ARN. Its description identifies the contents, so that later plans find it.
pub(super) async fn publish(context: &FunctionContext<'_>, desired: &DesiredFunction) -> Result<String, StepError> {
    let Some(layer) = &desired.worker_layer else { return Err(Error::app("there is no layer to publish").into()) };
    let upload = read_and_upload(context, &layer.zip).await?;
    let source = match &upload.source {
        CodeSource::Bytes(bytes) => LayerVersionContentInput::builder().zip_file(Blob::new(bytes.to_vec())),
        CodeSource::Bucket { bucket, key } => LayerVersionContentInput::builder().s3_bucket(bucket).s3_key(key),
    };
    let source = source.build();
    let version = &desired.version;
    let request = || {
        let layer_version = context.aws.lambda.publish_layer_version().layer_name(context.name).content(source.clone());
        let layer_version = layer_version.description(&layer.description);
        let layer_version = layer_version.set_compatible_architectures(compatible_architectures(&version.architecture));
        let layer_version = layer_version.compatible_runtimes(Runtime::from(version.settings.runtime.as_str()));
        let timeouts = aws_sdk_lambda::Config::builder().timeout_config(upload.timeouts.clone());
        layer_version.customize().config_override(timeouts).send()
    };
    let published = call(Idempotency::NotIdempotent, request).await?;
    let sha256 = published.content().and_then(|content| content.code_sha256());
    if let Err(error) = verify_code(sha256, &layer.zip.sha256_base64) {
        // Later plans would find it by its description.
        delete_version(context, published.version()).await?;
        return Err(error);
    }
    Ok(published.layer_version_arn().unwrap_or_default().to_owned())
}

/// Returns `None` for the default architecture: regions without arm64 refuse layers that name any ("CompatibleArchitectures are not
/// supported", elastic/apm-aws-lambda issue 112).
fn compatible_architectures(architecture: &str) -> Option<Vec<Architecture>> {
    (architecture != Architecture::X8664.as_str()).then(|| vec![Architecture::from(architecture)])
}

/// Deletes versions of the layer, except those that a version of the function uses: Lambda would refuse to roll back to it.
pub(super) async fn delete_versions(context: &FunctionContext<'_>, numbers: &[i64]) -> StepResult {
    // Lambda may list the versions of a function that was deleted some seconds ago.
    let is_deleted = context.desired.is_none();
    let used = if is_deleted { BTreeSet::new() } else { read_layers_in_use(context.aws, context.name).await? };
    let is_used = |number: &i64| used.iter().any(|arn| arn.ends_with(&format!(":layer:{}:{number}", context.name)));
    for number in numbers.iter().filter(|number| !is_used(number)) {
        delete_version(context, *number).await?;
    }
    Ok(())
}

async fn delete_version(context: &FunctionContext<'_>, number: i64) -> StepResult {
    let lambda = &context.aws.lambda;
    let request = || lambda.delete_layer_version().layer_name(context.name).version_number(number).send();
    call(Idempotency::Idempotent, request).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_arm64_is_named_as_architecture() {
        assert_eq!(compatible_architectures("x86_64"), None);
        assert_eq!(compatible_architectures("arm64"), Some(vec![Architecture::Arm64]));
    }
}
