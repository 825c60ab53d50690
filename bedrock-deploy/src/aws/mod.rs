//! Clients of the AWS services, and how their requests are made.
//!
//! | module | holds |
//! | --- | --- |
//! | `action` | the names of actions, for messages |
//! | `cloudwatch` | requests to CloudWatch |
//! | `error` | [`AwsError`]: a request that failed, in one form for all services |
//! | `http_client` | connections, with proxies and certificates |
//! | `keep_alive` | connections for invocations that take minutes |
//! | `locks` | what is not done at the same time |
//! | `profile` | [`ProfileAccount`]: signatures for requests of other programs |
//! | `server_date` | the clock of a service |
//! | `service_api` | requests to the services of which no SDK is compiled |
//! | `retry` | [`call`], through which every request is made, and [`Idempotency`], which decides what is retried |
//!
//! A command does all its work inside one [`run`]. The SDK's own retries are off, because they also repeat requests that
//! may already have had an effect.

mod action;
mod cloudwatch;
mod error;
mod http_client;
mod keep_alive;
mod locks;
mod profile;
mod retry;
mod server_date;
mod service_api;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_iam::primitives::{DateTime, DateTimeFormat};
use aws_sdk_lambda::config::StalledStreamProtectionConfig;
use bedrock_diagnostics::{Error, Result};
use http_body_util::{BodyExt, Empty};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::sync::OnceCell;

use cloudwatch::CloudWatch;
pub(crate) use error::{AwsError, ok_if_exists, optional};
pub(crate) use http_client::{CONNECT_TIMEOUT, READ_TIMEOUT, http_client};
pub(crate) use keep_alive::keep_alive_client;
pub(crate) use locks::LARGE_UPLOAD_BYTES;
use locks::{PolicyLocks, UploadBucketCheck, UploadPermits};
pub use profile::{ProfileAccount, SignedRequest, UnsignedRequest};
pub(crate) use retry::{Idempotency, call, pause, request_count, with_interrupt};
pub(crate) use server_date::ServerDate;
pub(crate) use service_api::{ServiceApi, percent_encode};

/// Timeout of a complete [`download`].
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(300);

/// How the user wants to reach AWS. Unset options come from the environment and the user's AWS profiles.
#[derive(Debug, Clone, Default)]
pub struct AwsOptions {
    /// Name of the profile in the user's AWS configuration. Its credentials precede those of the environment.
    pub profile: Option<String>,
    /// Region, which overrides the region of the profile.
    pub region: Option<String>,
    /// URL that replaces the endpoints of all services.
    pub endpoint_url: Option<String>,
}

/// Clients of the AWS services in one account and region. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Aws {
    /// The account and region of all clients.
    pub env: AwsEnvironment,
    pub(crate) api_gateway: ServiceApi,
    pub(crate) cloudwatch: CloudWatch,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) events: aws_sdk_eventbridge::Client,
    /// ARN of the caller.
    pub(crate) principal: String,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) kinesis: aws_sdk_kinesis::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) scheduler: aws_sdk_scheduler::Client,
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) ssm: aws_sdk_ssm::Client,
    pub(crate) policy_locks: PolicyLocks,
    pub(crate) upload_permits: UploadPermits,
    pub(crate) upload_bucket_check: UploadBucketCheck,
    /// Name of the bucket for locks and uploads, which is found out once.
    pub(crate) upload_bucket: Arc<OnceCell<String>>,
}

/// An account and region of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsEnvironment {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// For example `eu-west-1`.
    pub region: String,
    /// The twelve digits of the account id.
    pub account: String,
}

/// Connects to AWS, runs `work` with the clients, and blocks until it has finished.
///
/// The first request asks AWS for the caller's identity, so that missing or invalid credentials are reported before `work`
/// starts.
pub fn run<T>(options: &AwsOptions, work: impl AsyncFnOnce(Aws) -> Result<T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::io("failed to start the runtime for requests to AWS", &error))?;
    runtime.block_on(retry::with_request_count(async { work(connect(options).await?).await }))
}

async fn connect(options: &AwsOptions) -> Result<Aws> {
    let sdk = load_config(options).await?;
    let (env, principal) = identity(&sdk, options).await?;
    let AwsEnvironment { partition, region, .. } = &env;
    // With one endpoint for all services there are no host names for buckets.
    let s3 = aws_sdk_s3::config::Builder::from(&sdk).force_path_style(sdk.endpoint_url().is_some()).build();
    Ok(Aws {
        api_gateway: ServiceApi::new(&sdk, "apigateway", region, partition)?,
        cloudwatch: CloudWatch::new(&sdk, region, partition)?,
        dynamodb: aws_sdk_dynamodb::Client::new(&sdk),
        events: aws_sdk_eventbridge::Client::new(&sdk),
        principal,
        iam: aws_sdk_iam::Client::new(&sdk),
        kinesis: aws_sdk_kinesis::Client::new(&sdk),
        lambda: aws_sdk_lambda::Client::new(&sdk),
        logs: aws_sdk_cloudwatchlogs::Client::new(&sdk),
        s3: aws_sdk_s3::Client::from_conf(s3),
        scheduler: aws_sdk_scheduler::Client::new(&sdk),
        secrets: aws_sdk_secretsmanager::Client::new(&sdk),
        sns: aws_sdk_sns::Client::new(&sdk),
        sqs: aws_sdk_sqs::Client::new(&sdk),
        ssm: aws_sdk_ssm::Client::new(&sdk),
        policy_locks: PolicyLocks::default(),
        upload_permits: UploadPermits::default(),
        upload_bucket_check: UploadBucketCheck::default(),
        upload_bucket: Arc::default(),
        env,
    })
}

/// Asks AWS whose credentials these are. Returns the environment, and the ARN of the caller.
async fn identity(sdk: &SdkConfig, options: &AwsOptions) -> Result<(AwsEnvironment, String)> {
    let Some(region) = sdk.region().map(ToString::to_string) else {
        return Err(Error::call("no AWS region is set")
            .help("pass one with `--region eu-west-1`, or set `AWS_REGION`")
            .help("`aws configure set region eu-west-1` sets it for your profile"));
    };
    let sts = aws_sdk_sts::Client::new(sdk);
    let identity = call(Idempotency::Idempotent, || sts.get_caller_identity().send()).await;
    let with_profile = options.profile.as_ref().map(|name| format!(" with the profile `{name}`")).unwrap_or_default();
    let message = format!("failed to get the caller identity from AWS in {region}{with_profile}");
    let identity = identity.map_err(|error| error.into_call_error(message))?;
    // `arn:PARTITION:sts::ACCOUNT:…`
    let partition = identity.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws").to_owned();
    let account = identity.account().unwrap_or_default().to_owned();
    Ok((AwsEnvironment { partition, region, account }, identity.arn().unwrap_or_default().to_owned()))
}

async fn load_config(options: &AwsOptions) -> Result<SdkConfig> {
    let http_client = http_client()?;
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT).build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http_client.clone())
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts);
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    let Some(profile) = &options.profile else { return Ok(config) };
    // The SDK prefers credentials in the environment to those of a profile that is named in code. For the AWS CLI it is the
    // other way round, and here it would be the wrong account.
    let of_provider =
        ProviderConfig::without_region().with_http_client(http_client).with_region(config.region().cloned());
    let provider = ProfileFileCredentialsProvider::builder().configure(&of_provider).profile_name(profile).build();
    Ok(config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build())
}

/// Downloads the file at `url`, a presigned URL such as that of a function version's code. Sends no credentials.
pub(crate) async fn download(url: &str) -> std::result::Result<Vec<u8>, AwsError> {
    let no_response = |error: &dyn std::fmt::Display| AwsError::NoResponse(error.to_string());
    let uri: hyper::Uri = url.parse().map_err(|_| AwsError::NotSent("AWS returned no valid URL".to_owned()))?;
    let provider = rustls::crypto::ring::default_provider();
    let https = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(provider)
        .map_err(|error| no_response(&error))?
        .https_or_http()
        .enable_http1()
        .build();
    let client: Client<_, Empty<bytes::Bytes>> = Client::builder(TokioExecutor::new()).build(https);
    let request = async {
        let response = client.get(uri).await.map_err(|error| no_response(&error))?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| no_response(&error))?.to_bytes();
        if status.is_success() {
            return Ok(body.to_vec());
        }
        let code = status.to_string();
        Err(AwsError::Service { action: None, code, message: String::new(), status: status.as_u16() })
    };
    let timed_out = |_| Err(AwsError::NoResponse(format!("timed out after {} s", DOWNLOAD_TIMEOUT.as_secs())));
    tokio::time::timeout(DOWNLOAD_TIMEOUT, request).await.unwrap_or_else(timed_out)
}

/// Formats milliseconds since 1970 in UTC: `2026-11-25T09:54:55.123Z`.
#[must_use]
pub fn timestamp(milliseconds: i64) -> String {
    let time = DateTime::from_millis(milliseconds).fmt(DateTimeFormat::DateTimeWithOffset);
    let text = time.unwrap_or_else(|_| milliseconds.to_string());
    // Whole seconds are formatted without a fraction, but log lines need columns of equal width.
    match text.strip_suffix('Z').map(|text| text.split_once('.').unwrap_or((text, ""))) {
        Some((seconds, fraction)) => format!("{seconds}.{fraction:0<3.3}Z"),
        None => text,
    }
}

/// Formats the UTC date of `time`: `2026-11-25`.
#[must_use]
pub fn date(time: SystemTime) -> String {
    let text = DateTime::from(time).fmt(DateTimeFormat::DateTime).unwrap_or_default();
    text.chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{date, timestamp};

    #[test]
    fn timestamps_are_utc_with_milliseconds() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(1_764_064_495_120), "2025-11-25T09:54:55.120Z");
        assert_eq!(date(SystemTime::UNIX_EPOCH + Duration::from_secs(1_764_064_495)), "2025-11-25");
    }
}
