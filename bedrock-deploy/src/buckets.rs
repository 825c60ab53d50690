//! Creates buckets in the regional namespace of the account, in which no other account can create one, and finds the bucket
//! for locks and uploads.

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use crate::aws::{Aws, AwsEnvironment, AwsError, Idempotency, call, ok_if_exists, optional};

/// Header of `CreateBucket` and its value (API reference of S3). The version of the SDK does not have it.
const NAMESPACE_HEADER: &str = "x-amz-bucket-namespace";
const REGIONAL_NAMESPACE: &str = "account-regional";
/// Regions without that namespace (Amazon S3 User Guide, "Namespaces for general purpose buckets", November 2026).
const REGIONS_WITHOUT_NAMESPACE: [&str; 2] = ["me-central-1", "me-south-1"];
/// The only region that must not be given as location constraint.
const REGION_WITHOUT_CONSTRAINT: &str = "us-east-1";

/// Returns the end of the names of all buckets in the regional namespace. `None` where there is none.
fn namespace_suffix(env: &AwsEnvironment) -> Option<String> {
    let AwsEnvironment { region, account, .. } = env;
    (!REGIONS_WITHOUT_NAMESPACE.contains(&region.as_str())).then(|| format!("-{account}-{region}-an"))
}

/// Returns the name of the bucket for locks, and for zips that are too large for a request: one for all apps of an account and
/// region. Earlier versions created it in the global namespace; such a bucket stays in use, so that all versions find the same
/// lock, but never one of another account.
pub(crate) async fn upload_bucket(aws: &Aws) -> Result<String, AwsError> {
    let find = async || {
        let AwsEnvironment { region, account, .. } = &aws.env;
        let global = format!("cargo-bedrock-{account}-{region}");
        let Some(suffix) = namespace_suffix(&aws.env) else { return Ok(global) };
        let head = || aws.s3.head_bucket().bucket(&global).expected_bucket_owner(account).send();
        match optional(call(Idempotency::Idempotent, head).await) {
            Ok(Some(_)) => Ok(global),
            Ok(None) => Ok(format!("cargo-bedrock{suffix}")),
            Err(error) if is_of_another_account(&error) => Ok(format!("cargo-bedrock{suffix}")),
            Err(error) => Err(error),
        }
    };
    aws.upload_bucket.get_or_try_init(find).await.cloned()
}

/// Returns whether a bucket cannot be used by this account: it belongs to another one, in this region or in another.
fn is_of_another_account(error: &AwsError) -> bool {
    error.is_denied() || error.has_code("301") || error.has_code("PermanentRedirect")
}

/// Creates a bucket, unless this account has it already.
pub(crate) async fn create_bucket(aws: &Aws, name: &str) -> Result<(), AwsError> {
    let configuration = bucket_configuration(&aws.env.region);
    let is_regional = namespace_suffix(&aws.env).is_some_and(|suffix| name.ends_with(&suffix));
    let request = || {
        let create = aws.s3.create_bucket().bucket(name);
        let create = create.set_create_bucket_configuration(configuration.clone()).customize();
        let create = create.mutate_request(move |request| {
            if is_regional {
                request.headers_mut().insert(NAMESPACE_HEADER, REGIONAL_NAMESPACE);
            }
        });
        create.send()
    };
    ok_if_exists(call(Idempotency::NotIdempotent, request).await)
}

/// Returns the configuration of a new bucket in `region`.
fn bucket_configuration(region: &str) -> Option<CreateBucketConfiguration> {
    (region != REGION_WITHOUT_CONSTRAINT).then(|| {
        let constraint = BucketLocationConstraint::from(region);
        CreateBucketConfiguration::builder().location_constraint(constraint).build()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_fixtures::stage;

    #[test]
    fn names_in_the_regional_namespace_end_with_account_and_region() {
        let mut env = stage().env;
        assert_eq!(namespace_suffix(&env).as_deref(), Some("-123456789012-eu-west-1-an"));
        env.region = "me-south-1".to_owned();
        assert_eq!(namespace_suffix(&env), None);
    }
}
