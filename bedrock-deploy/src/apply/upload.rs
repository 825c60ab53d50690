//! How a zip gets to Lambda: in the request, or through an S3 bucket if it is too large for a request.

use std::fmt::Display;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, CreateBucketConfiguration, ExpirationStatus,
    LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, Tag, Tagging,
};
use bedrock_artifacts::Digest;
use bedrock_diagnostics::Error;

use super::context::{FunctionContext, StepError, StepResult};
use crate::aws::{Idempotency, call, ok_if_exists, optional};
use crate::desired::ZipFile;
use crate::manifest::BUILD_HELP;
use crate::stage::{OWNER, OWNER_TAG};

/// Largest zip that fits into a request.
const MAX_DIRECT_UPLOAD_BYTES: u64 = 52_428_800;
/// Days after which S3 deletes an uploaded zip. Lambda copies it during the request.
const ZIP_EXPIRATION_DAYS: i32 = 2;
/// The only region that must not be given as location constraint.
const REGION_WITHOUT_CONSTRAINT: &str = "us-east-1";

/// Where Lambda gets a zip from.
#[derive(Debug, Clone)]
pub(crate) enum CodeSource {
    Bytes(Vec<u8>),
    Bucket { bucket: String, key: String },
}

/// Reads a zip, and uploads it to the bucket if it is too large for a request. Returns an error if it was changed after the
/// build.
pub(super) async fn code_source(context: &FunctionContext<'_>, zip: &ZipFile) -> Result<CodeSource, StepError> {
    let path = zip.path.display();
    let bytes = std::fs::read(&zip.path).map_err(|error| Error::io(format!("failed to read `{path}`"), &error))?;
    if Digest::of(&bytes).base64() != zip.sha256_base64 {
        return Err(Error::app(format!("`{path}` was changed after the build")).help(BUILD_HELP).into());
    }
    if zip.bytes <= MAX_DIRECT_UPLOAD_BYTES {
        return Ok(CodeSource::Bytes(bytes));
    }
    let bucket = context.stage.upload_bucket();
    create_upload_bucket(context, &bucket).await?;
    // The base64 digest contains `/` and `+`, which would have to be escaped.
    let key = format!("{}/{}.zip", context.name, Digest::of(zip.sha256_base64.as_bytes()));
    let request = || {
        let object = context.aws.s3.put_object().bucket(&bucket).key(&key);
        object.body(ByteStream::from(bytes.clone())).send()
    };
    call(Idempotency::Idempotent, request).await?;
    Ok(CodeSource::Bucket { bucket, key })
}

/// Creates the bucket for uploads if it does not exist. Its objects expire.
async fn create_upload_bucket(context: &FunctionContext<'_>, bucket: &str) -> StepResult {
    let s3 = &context.aws.s3;
    if optional(call(Idempotency::Idempotent, || s3.head_bucket().bucket(bucket).send()).await)?.is_some() {
        return Ok(());
    }
    let configuration = bucket_configuration(&context.stage.env.region);
    let request = || s3.create_bucket().bucket(bucket).set_create_bucket_configuration(configuration.clone()).send();
    ok_if_exists(call(Idempotency::NotIdempotent, request).await)?;
    let tag = Tag::builder().key(OWNER_TAG).value(OWNER).build().map_err(|error| invalid(bucket, &error))?;
    let tags = Tagging::builder().tag_set(tag).build().map_err(|error| invalid(bucket, &error))?;
    let request = || s3.put_bucket_tagging().bucket(bucket).tagging(tags.clone()).send();
    call(Idempotency::Idempotent, request).await?;
    let rule = LifecycleRule::builder()
        .id("zips")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .expiration(LifecycleExpiration::builder().days(ZIP_EXPIRATION_DAYS).build())
        .build()
        .map_err(|error| invalid(bucket, &error))?;
    let rules = BucketLifecycleConfiguration::builder().rules(rule).build().map_err(|error| invalid(bucket, &error))?;
    let request = || {
        let configuration = s3.put_bucket_lifecycle_configuration().bucket(bucket);
        configuration.lifecycle_configuration(rules.clone()).send()
    };
    call(Idempotency::Idempotent, request).await?;
    Ok(())
}

/// Returns the configuration of a new bucket in `region`.
pub(crate) fn bucket_configuration(region: &str) -> Option<CreateBucketConfiguration> {
    (region != REGION_WITHOUT_CONSTRAINT).then(|| {
        let constraint = BucketLocationConstraint::from(region);
        CreateBucketConfiguration::builder().location_constraint(constraint).build()
    })
}

fn invalid(bucket: &str, error: &dyn Display) -> Error {
    Error::call(format!("failed to describe the bucket `{bucket}`")).cause(error.to_string())
}
