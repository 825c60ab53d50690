//! The clients of one account and region, and the runtime that their requests run on. The first request asks whose
//! credentials these are: without an answer there is nothing to do.

use std::path::PathBuf;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_lambda::config::{RuntimeComponents, SharedHttpClient, StalledStreamProtectionConfig};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};

use super::access::Access;
use super::retry::{Repeat, call};
use bedrock_diagnostics::{Error, Result};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(4);
/// How long an answer may be silent; Lambda reads an upload of 50 MB before it says anything.
const READ: Duration = Duration::from_secs(120);

/// Clients of AWS's services. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) scheduler: aws_sdk_scheduler::Client,
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) ssm: aws_sdk_ssm::Client,
    pub(crate) place: Place,
}

/// Where the clients work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub(crate) partition: String,
    pub(crate) region: String,
    /// The twelve digits of the account.
    pub(crate) account: String,
}

/// Connects, does `work`, and waits for its end.
pub(crate) fn run<T>(access: &Access, work: impl AsyncFnOnce(Aws) -> Result<T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::io("failed to start the runtime for requests to AWS", &error))?;
    runtime.block_on(async { work(connect(access).await?).await })
}

async fn connect(access: &Access) -> Result<Aws> {
    let sdk = configuration(access).await?;
    let Some(region) = sdk.region().map(ToString::to_string) else {
        return Err(Error::call("no AWS region is set")
            .help("give one with `--region eu-west-1`, or set `AWS_REGION`")
            .help("`aws configure set region eu-west-1` sets it for your profile"));
    };
    let sts = aws_sdk_sts::Client::new(&sdk);
    let identity = call(Repeat::Always, || sts.get_caller_identity().send()).await;
    let identity = identity.map_err(|failure| failure.call(format!("failed to ask AWS in {region} who is calling")))?;
    // `arn:PARTITION:sts::ACCOUNT:…`
    let partition = identity.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws").to_owned();
    let account = identity.account().unwrap_or_default().to_owned();
    // One address for all services knows no buckets by name.
    let s3 = aws_sdk_s3::config::Builder::from(&sdk).force_path_style(sdk.endpoint_url().is_some()).build();
    Ok(Aws {
        iam: aws_sdk_iam::Client::new(&sdk),
        lambda: aws_sdk_lambda::Client::new(&sdk),
        logs: aws_sdk_cloudwatchlogs::Client::new(&sdk),
        s3: aws_sdk_s3::Client::from_conf(s3),
        scheduler: aws_sdk_scheduler::Client::new(&sdk),
        secrets: aws_sdk_secretsmanager::Client::new(&sdk),
        sqs: aws_sdk_sqs::Client::new(&sdk),
        ssm: aws_sdk_ssm::Client::new(&sdk),
        place: Place { partition, region, account },
    })
}

async fn configuration(access: &Access) -> Result<SdkConfig> {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(READ).build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http()?)
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts);
    if let Some(profile) = &access.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &access.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &access.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    Ok(loader.load().await)
}

/// Connections by rustls with ring: aws-lc takes minutes to compile.
fn http() -> Result<SharedHttpClient> {
    let trust = match std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()).map(PathBuf::from) {
        None => TrustStore::default(),
        Some(path) => {
            let read = std::fs::read(&path);
            let what = || format!("failed to read the certificates of `AWS_CA_BUNDLE`, `{}`", path.display());
            TrustStore::empty().with_pem_certificate(read.map_err(|error| Error::io(what(), &error))?)
        }
    };
    let context = TlsContext::builder().with_trust_store(trust).build();
    let context =
        context.map_err(|error| Error::call("failed to prepare connections to AWS").cause(error.to_string()))?;
    // `HTTPS_PROXY` and its kin, as other AWS tools have it.
    let proxy = ProxyConfig::from_env();
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().proxy_config(proxy.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context.clone()).build()
    }))
}
