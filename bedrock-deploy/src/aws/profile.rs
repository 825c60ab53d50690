//! Signs requests of other programs to services of the account of a profile, for `cargo bedrock dev`.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bedrock_diagnostics::{Error, Result};
use tokio::sync::Mutex;

use super::{AwsEnvironment, AwsOptions, identity, load_config};
use crate::partitions::dns_suffix;

/// Credentials that expire sooner than this are loaded again.
const CREDENTIALS_RESERVE: Duration = Duration::from_secs(60);
/// The beginnings of host names that differ from the service in signatures.
const HOSTS: [(&str, &str); 3] = [("appconfig", "appconfigdata"), ("bedrock", "bedrock-runtime"), ("ses", "email")];

/// The account of a profile.
#[derive(Debug)]
pub struct ProfileAccount {
    /// Region, account and partition of the profile.
    pub env: AwsEnvironment,
    /// One URL for all services, from the profile or the environment.
    endpoint: Option<String>,
    provider: SharedCredentialsProvider,
    /// The last credentials.
    credentials: Mutex<Option<Credentials>>,
}

/// A request without a signature.
#[derive(Debug, Clone, Copy)]
pub struct UnsignedRequest<'a> {
    /// The service in the signature: `dynamodb`.
    pub service: &'a str,
    /// The beginning of the host name, usually the service.
    pub host: &'a str,
    /// `POST`
    pub method: &'a str,
    /// Path and query: `/`.
    pub path: &'a str,
    /// Names and values.
    pub headers: &'a [(String, String)],
    /// The whole body.
    pub body: &'a [u8],
}

/// The URL and the headers of a request.
#[derive(Debug, Clone)]
pub struct SignedRequest {
    /// The whole URL.
    pub url: String,
    /// All headers but `Host`.
    pub headers: Vec<(String, String)>,
}

impl ProfileAccount {
    /// Loads the profile and asks AWS whose credentials it has. Blocks until it has answered.
    ///
    /// # Errors
    ///
    /// If the profile has no region or no valid credentials.
    pub fn open(profile: &str) -> Result<Self> {
        let options = AwsOptions { profile: Some(profile.to_owned()), ..AwsOptions::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::io("failed to start the runtime for requests to AWS", &error))?;
        runtime.block_on(async {
            let sdk = load_config(&options).await?;
            let (env, _) = identity(&sdk, &options).await?;
            let Some(provider) = sdk.credentials_provider() else {
                return Err(Error::call(format!("the profile `{profile}` has no credentials")));
            };
            let endpoint = sdk.endpoint_url().map(|url| url.trim_end_matches('/').to_owned());
            Ok(Self { env, endpoint, provider, credentials: Mutex::default() })
        })
    }

    /// Returns the URL and the headers with which AWS accepts a request. An error is its reason, without any credentials.
    pub async fn sign(&self, request: UnsignedRequest<'_>) -> std::result::Result<SignedRequest, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let AwsEnvironment { partition, region, .. } = &self.env;
        let identity = self.credentials().await?.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(request.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build();
        let parameters = parameters.map_err(|error| text(&error))?.into();
        let host = HOSTS.iter().find(|(service, _)| *service == request.host).map_or(request.host, |(_, host)| host);
        let base =
            self.endpoint.clone().unwrap_or_else(|| format!("https://{host}.{region}.{}", dns_suffix(partition)));
        let url = format!("{base}{}", request.path);
        let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signable = SignableRequest::new(request.method, &url, headers, SignableBody::Bytes(request.body));
        let signed = sign(signable.map_err(|error| text(&error))?, &parameters).map_err(|error| text(&error))?;
        let added = signed.output().headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let headers = request.headers.iter().cloned().chain(added).collect();
        Ok(SignedRequest { url, headers })
    }

    async fn credentials(&self) -> std::result::Result<Credentials, String> {
        let mut last = self.credentials.lock().await;
        let limit = SystemTime::now() + CREDENTIALS_RESERVE;
        if let Some(credentials) = last.as_ref().filter(|last| last.expiry().is_none_or(|expiry| expiry > limit)) {
            return Ok(credentials.clone());
        }
        let loaded = self.provider.provide_credentials().await;
        let loaded = loaded.map_err(|error| format!("the credentials of the profile cannot be loaded: {error}"))?;
        *last = Some(loaded.clone());
        Ok(loaded)
    }
}
