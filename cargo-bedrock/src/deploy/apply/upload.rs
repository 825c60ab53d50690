//! How a zip reaches Lambda: in the request, or through a bucket where it is too large for that.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, CreateBucketConfiguration, ExpirationStatus,
    LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, Tag, Tagging,
};

use super::chain::{Chain, Stop};
use super::gone::present;
use crate::aws::{Repeat, call};
use crate::deploy::desired::Zip;
use crate::pack::Digest;
use bedrock_diagnostics::Error;

/// Of a zip that is sent in the request.
const DIRECT: u64 = 52_428_800;
/// Days that a zip stays in the bucket; Lambda has its own copy at once.
const DAYS: i32 = 2;
/// The one region that is not said when a bucket is made.
const FIRST_REGION: &str = "us-east-1";

/// Where Lambda takes a zip from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Bytes(Vec<u8>),
    Bucket { bucket: String, key: String },
}

/// Reads a zip, which must be what the manifest says, and uploads it if it is large.
pub(super) async fn source(chain: &Chain, zip: &Zip) -> Result<Source, Stop> {
    let shown = zip.path.display();
    let bytes = std::fs::read(&zip.path).map_err(|error| Error::io(format!("failed to read `{shown}`"), &error))?;
    if Digest::of(&bytes).base64() != zip.sha256_base64 {
        return Err(Error::app(format!("`{shown}` is not what was built"))
            .help("run `cargo bedrock build --release`")
            .into());
    }
    if zip.bytes <= DIRECT {
        return Ok(Source::Bytes(bytes));
    }
    let bucket = chain.site.bucket();
    make_bucket(chain, &bucket).await?;
    // The digest has `/` and `+`, which would have to be escaped.
    let key = format!("{}/{}.zip", chain.name, Digest::of(zip.sha256_base64.as_bytes()));
    let request = || {
        let object = chain.aws.s3.put_object().bucket(&bucket).key(&key);
        object.body(ByteStream::from(bytes.clone())).send()
    };
    call(Repeat::Always, request).await?;
    Ok(Source::Bucket { bucket, key })
}

/// What is in it goes by itself.
async fn make_bucket(chain: &Chain, bucket: &str) -> Result<(), Stop> {
    let (s3, region) = (&chain.aws.s3, &chain.site.place.region);
    if present(call(Repeat::Always, || s3.head_bucket().bucket(bucket).send()).await)?.is_some() {
        return Ok(());
    }
    let place = (region != FIRST_REGION).then(|| {
        let place = BucketLocationConstraint::from(region.as_str());
        CreateBucketConfiguration::builder().location_constraint(place).build()
    });
    let request = || s3.create_bucket().bucket(bucket).set_create_bucket_configuration(place.clone()).send();
    match call(Repeat::WhenRefused, request).await {
        Err(failure) if failure.is_there() => {}
        made => drop(made?),
    }
    let unusable = |error: aws_sdk_s3::error::BuildError| {
        Error::call(format!("failed to describe the bucket `{bucket}`")).cause(error.to_string())
    };
    let tag = Tag::builder().key(crate::deploy::stage::OWNER_TAG).value(crate::deploy::stage::OWNER);
    let tags = Tagging::builder().tag_set(tag.build().map_err(unusable)?).build().map_err(unusable)?;
    call(Repeat::Always, || s3.put_bucket_tagging().bucket(bucket).tagging(tags.clone()).send()).await?;
    let rule = LifecycleRule::builder()
        .id("zips")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .expiration(LifecycleExpiration::builder().days(DAYS).build());
    let rules = BucketLifecycleConfiguration::builder().rules(rule.build().map_err(unusable)?);
    let rules = rules.build().map_err(unusable)?;
    let request = || {
        let configuration = s3.put_bucket_lifecycle_configuration().bucket(bucket);
        configuration.lifecycle_configuration(rules.clone()).send()
    };
    call(Repeat::Always, request).await?;
    Ok(())
}
