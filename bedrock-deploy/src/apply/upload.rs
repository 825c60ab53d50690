//! How a zip gets to Lambda: in the request, or through an S3 bucket, which needs a quarter fewer bytes than base64 in a request
//! and takes zips that are too large for one.

use std::fmt::Display;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, Tag,
    Tagging,
};
use bedrock_artifacts::Digest;
use bedrock_diagnostics::Error;
use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use super::context::{FunctionContext, StepError, StepResult};
use crate::aws::{Aws, AwsError, CONNECT_TIMEOUT, Idempotency, LARGE_UPLOAD_BYTES, READ_TIMEOUT, call, optional};
use crate::buckets::{create_bucket, upload_bucket};
use crate::desired::ZipFile;
use crate::manifest::BUILD_HELP;
use crate::stage::{OWNER, OWNER_TAG, StageContext};

/// Largest zip that is sent in a request. As base64 it stays below the smallest limit of a request, 69,905,067 bytes.
const MAX_DIRECT_UPLOAD_BYTES: usize = 50_000_000;
/// Slowest connection for which the timeout of an upload is long enough.
const MIN_BYTES_PER_SECOND: u64 = 50_000;
/// Timeouts are rounded up, because each of them needs connections of its own.
const TIMEOUT_STEP_SECONDS: u64 = 300;
/// Days after which S3 deletes an uploaded zip. Lambda copies it during the request.
const ZIP_EXPIRATION_DAYS: i32 = 2;

/// Where Lambda gets a zip from.
#[derive(Debug, Clone)]
pub(crate) enum CodeSource {
    Bytes(Bytes),
    Bucket { bucket: String, key: String },
}

/// A zip that is ready for a request, and the timeouts of that request. Until it is dropped, it may count as a large upload.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) source: CodeSource,
    pub(crate) timeouts: TimeoutConfig,
    _permit: Option<OwnedSemaphorePermit>,
}

/// Reads a zip, and uploads it to the bucket if it is large. Returns an error if it was changed after the
/// build.
pub(super) async fn read_and_upload(context: &FunctionContext<'_>, zip: &ZipFile) -> Result<Upload, StepError> {
    let path = zip.path.display();
    let bytes = std::fs::read(&zip.path).map_err(|error| Error::io(format!("failed to read `{path}`"), &error))?;
    if Digest::of(&bytes).base64() != zip.sha256_base64 {
        return Err(Error::app(format!("`{path}` was changed after the build")).help(BUILD_HELP).into());
    }
    upload(context.aws, context.stage, context.name, bytes).await
}

/// Prepares the request with a zip of `function`, and uploads it to the bucket if it is too large for a request, or if it is large
/// and the caller may use the bucket.
pub(crate) async fn upload(
    aws: &Aws,
    stage: &StageContext,
    function: &str,
    bytes: Vec<u8>,
) -> Result<Upload, StepError> {
    let permit = aws.upload_permits.acquire(bytes.len()).await;
    let timeouts = upload_timeouts(bytes.len());
    let bytes = Bytes::from(bytes);
    let source = if bytes.len() > MAX_DIRECT_UPLOAD_BYTES {
        prepare_upload_bucket(aws).await?;
        put_object(aws, stage, function, &bytes, &timeouts).await?
    } else if bytes.len() > LARGE_UPLOAD_BYTES {
        let check = async { prepare_upload_bucket(aws).await.is_ok() };
        let is_usable = aws.upload_bucket_check.get_or_check(check).await;
        let put = if is_usable { Some(put_object(aws, stage, function, &bytes, &timeouts).await) } else { None };
        match put {
            Some(Err(error)) if !error.is_denied() => return Err(error.into()),
            Some(Ok(source)) => source,
            _ => CodeSource::Bytes(bytes),
        }
    } else {
        CodeSource::Bytes(bytes)
    };
    Ok(Upload { source, timeouts, _permit: permit })
}

/// Uploads a zip to the bucket. It can be repeated, unlike a request that creates something.
async fn put_object(
    aws: &Aws,
    stage: &StageContext,
    function: &str,
    bytes: &Bytes,
    timeouts: &TimeoutConfig,
) -> Result<CodeSource, AwsError> {
    let bucket = upload_bucket(aws).await?;
    let key = format!("{function}/{}.zip", Digest::of(bytes));
    let request = || {
        let object = aws.s3.put_object().bucket(&bucket).key(&key).expected_bucket_owner(&stage.env.account);
        let object = object.body(ByteStream::from(bytes.clone())).customize();
        object.config_override(aws_sdk_s3::Config::builder().timeout_config(timeouts.clone())).send()
    };
    call(Idempotency::Idempotent, request).await?;
    Ok(CodeSource::Bucket { bucket, key })
}

/// Returns the timeouts of a request with a zip of `bytes` in it. The read timeout of the HTTP client includes the time in
/// which the body is sent.
fn upload_timeouts(bytes: usize) -> TimeoutConfig {
    // In base64, 3 bytes are 4 characters.
    let characters = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(4) / 3;
    let steps = (characters / MIN_BYTES_PER_SECOND).div_ceil(TIMEOUT_STEP_SECONDS);
    let read_timeout = READ_TIMEOUT + Duration::from_secs(steps * TIMEOUT_STEP_SECONDS);
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(read_timeout).build()
}

/// Returns an error if the uploaded code, which AWS describes with `actual`, is not the expected code.
pub(crate) fn verify_code(actual: Option<&str>, expected: &str) -> StepResult {
    if actual == Some(expected) {
        return Ok(());
    }
    let found = actual.unwrap_or("none");
    Err(Error::app("AWS received other code than the code that was uploaded")
        .cause(format!("the SHA-256 digest is `{found}` instead of `{expected}`"))
        .into())
}

/// Creates the bucket for uploads if it does not exist, and makes its objects expire. An earlier deploy may have been
/// stopped after it created the bucket.
pub(crate) async fn prepare_upload_bucket(aws: &Aws) -> StepResult {
    let s3 = &aws.s3;
    let account = &aws.env.account;
    let bucket = &upload_bucket(aws).await?;
    let head = || s3.head_bucket().bucket(bucket).expected_bucket_owner(account).send();
    let is_missing = match optional(call(Idempotency::Idempotent, head).await) {
        Err(error) if error.is_denied() => return Err(foreign_bucket(bucket, account).into()),
        found => found?.is_none(),
    };
    if is_missing {
        create_bucket(aws, bucket).await?;
        let tag = Tag::builder().key(OWNER_TAG).value(OWNER).build().map_err(|error| invalid(bucket, &error))?;
        let tags = Tagging::builder().tag_set(tag).build().map_err(|error| invalid(bucket, &error))?;
        let request = || {
            let tagging = s3.put_bucket_tagging().bucket(bucket).expected_bucket_owner(account);
            tagging.tagging(tags.clone()).send()
        };
        call(Idempotency::EventuallyConsistent, request).await?;
    }
    let rule = LifecycleRule::builder()
        .id("zips")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .expiration(LifecycleExpiration::builder().days(ZIP_EXPIRATION_DAYS).build())
        .build()
        .map_err(|error| invalid(bucket, &error))?;
    let rules = BucketLifecycleConfiguration::builder().rules(rule).build().map_err(|error| invalid(bucket, &error))?;
    let request = || {
        let configuration = s3.put_bucket_lifecycle_configuration().bucket(bucket).expected_bucket_owner(account);
        configuration.lifecycle_configuration(rules.clone()).send()
    };
    call(Idempotency::EventuallyConsistent, request).await?;
    Ok(())
}

/// The error of a bucket that this account may not use. S3 does not say why.
fn foreign_bucket(bucket: &str, account: &str) -> Error {
    Error::app(format!("the bucket `{bucket}` cannot be used"))
        .cause(format!("it belongs to another account than `{account}`, or the permission `s3:ListBucket` is missing"))
        .help("zips of at most 50 MB need no bucket: remove dependencies, or move some into a layer")
}

fn invalid(bucket: &str, error: &dyn Display) -> Error {
    Error::call(format!("failed to describe the bucket `{bucket}`")).cause(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upload_timeouts_grow_with_the_size() {
        let seconds = |bytes| upload_timeouts(bytes).read_timeout().map(|timeout| timeout.as_secs());
        assert_eq!(seconds(0), Some(120));
        assert_eq!(seconds(1_000), Some(120));
        assert_eq!(seconds(1_000_000), Some(420));
        // 67 MB of base64 at 50 kB/s take 1,333 s.
        assert_eq!(seconds(50_000_000), Some(1_620));
        assert!(seconds(250_000_000) > Some(6_600));
    }

    #[test]
    fn largest_direct_upload_fits_into_every_request_limit() {
        assert!(MAX_DIRECT_UPLOAD_BYTES.div_ceil(3) * 4 < 69_905_067 - 1_000_000);
    }

    #[test]
    fn other_code_than_the_uploaded_is_an_error() {
        assert!(verify_code(Some("a"), "a").is_ok());
        assert!(verify_code(Some("b"), "a").is_err() && verify_code(None, "a").is_err());
    }
}
