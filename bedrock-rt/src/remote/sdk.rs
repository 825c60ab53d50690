//! Requests through the AWS SDK, which finds credentials in profiles, single sign-on, and whatever else it knows. Its own
//! retries are off: they also repeat calls that may have run.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::{SharedHttpClient, StalledStreamProtectionConfig};
use aws_sdk_lambda::error::SdkError;
use aws_sdk_lambda::operation::invoke::{InvokeError, InvokeOutput};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use bytes::Bytes;
use tokio::sync::OnceCell;

use super::chain::chain;
use super::wire::{Answer, Lost, Outcome, Request, Wire};
use crate::transport::Kind;

/// How long a connection may take; the answer may take as long as the call has.
const PATIENCE: Duration = Duration::from_secs(4);

/// Carries requests of the Invoke API.
#[derive(Clone)]
pub(super) struct Sdk(Arc<Shared>);

struct Shared {
    /// Certificates to trust in place of the system's.
    trust: Option<PathBuf>,
    load: Box<Load>,
    /// Loaded on first use: looking for credentials takes requests of its own.
    client: OnceCell<Client>,
}

/// Finds region, endpoint and credentials, over the given connections if need be.
type Load = dyn Fn(SharedHttpClient) -> Pin<Box<dyn Future<Output = SdkConfig> + Send>> + Send + Sync;

impl Sdk {
    /// As the process's environment and the user's profiles say.
    pub(super) fn from_env() -> Self {
        let trust = std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty()).map(PathBuf::from);
        Self::new(trust, |http| aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http).load())
    }

    pub(super) fn new<F>(trust: Option<PathBuf>, load: impl Fn(SharedHttpClient) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = SdkConfig> + Send + 'static,
    {
        let load = Box::new(move |http| -> Pin<Box<dyn Future<Output = _> + Send>> { Box::pin(load(http)) });
        Self(Arc::new(Shared { trust, load, client: OnceCell::new() }))
    }
}

impl Wire for Sdk {
    async fn send(&self, request: &Request) -> Outcome {
        self.0.send(request).await
    }

    fn open(&self) {
        let shared = Arc::clone(&self.0);
        // What fails here is told by the first call, which tries again.
        tokio::spawn(async move { shared.client().await.map(drop) });
    }
}

impl Shared {
    async fn client(&self) -> Result<&Client, Lost> {
        let unusable = |message| Lost::NotSent { message, again: false };
        self.client.get_or_try_init(|| self.connect()).await.map_err(unusable)
    }

    async fn connect(&self) -> Result<Client, String> {
        let http = self.http()?;
        let found = (self.load)(http.clone()).await;
        let config = aws_sdk_lambda::config::Builder::from(&found)
            .http_client(http)
            .retry_config(RetryConfig::disabled())
            // A worker may be silent for as long as it works.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(PATIENCE).disable_read_timeout().build());
        Ok(Client::from_conf(config.build()))
    }

    fn http(&self) -> Result<SharedHttpClient, String> {
        let trust = match &self.trust {
            None => TrustStore::default(),
            Some(path) => {
                let fault = |error| format!("failed to read `AWS_CA_BUNDLE` `{}`: {error}", path.display());
                TrustStore::empty().with_pem_certificate(std::fs::read(path).map_err(fault)?)
            }
        };
        let context = TlsContext::builder().with_trust_store(trust).build().map_err(|error| chain(&error))?;
        Ok(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build_https())
    }

    async fn send(&self, request: &Request) -> Outcome {
        let kind = match request.kind {
            Kind::RequestResponse => InvocationType::RequestResponse,
            Kind::Event => InvocationType::Event,
        };
        let trace = request.trace.clone();
        let call = self.client().await?.invoke().function_name(request.function.as_str()).invocation_type(kind);
        let sent = call.payload(Blob::new(request.event.clone())).customize().mutate_request(move |http| {
            if let Some(trace) = &trace {
                // One that is no header is no trace.
                let _ = http.headers_mut().try_insert("x-amzn-trace-id", trace.clone());
            }
        });
        match sent.send().await {
            Ok(output) => Ok(answer(output)),
            Err(SdkError::ServiceError(refused)) => Ok(refusal(refused.raw())),
            Err(error) => Err(lost(&error)),
        }
    }
}

fn answer(output: InvokeOutput) -> Answer {
    Answer {
        status: u16::try_from(output.status_code).unwrap_or_default(),
        function_failed: output.function_error.is_some(),
        body: output.payload.map(|payload| Bytes::from(payload.into_inner())).unwrap_or_default(),
        ..Answer::default()
    }
}

fn refusal(response: &HttpResponse) -> Answer {
    let header = |name: &str| response.headers().get(name);
    Answer {
        status: response.status().as_u16(),
        function_failed: false,
        code: header("x-amzn-errortype").and_then(|code| code.split(':').next()).map(str::to_owned),
        retry_after: header("retry-after").and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs),
        body: Bytes::copy_from_slice(response.body().bytes().unwrap_or_default()),
    }
}

/// Whether the request was written: surely not if there was no connection, or nothing to sign or send.
fn lost(error: &SdkError<InvokeError, HttpResponse>) -> Lost {
    let message = chain(error);
    match error {
        SdkError::ConstructionFailure(_) if !has::<CredentialsError>(error) => Lost::NotSent { message, again: false },
        SdkError::ConstructionFailure(_) => Lost::NoCredentials(message),
        SdkError::DispatchFailure(_) if has::<CredentialsError>(error) => Lost::NoCredentials(message),
        // The only timeout that is set is the connection's.
        SdkError::DispatchFailure(failure) if failure.is_timeout() => Lost::NotSent { message, again: true },
        SdkError::DispatchFailure(failure) if failure.is_user() => Lost::NotSent { message, again: false },
        SdkError::DispatchFailure(_) if is_connect(error) => Lost::NotSent { message, again: true },
        _ => Lost::Sent(message),
    }
}

fn is_connect(error: &(dyn std::error::Error + 'static)) -> bool {
    use hyper_util::client::legacy::Error as ClientError;
    causes(error).filter_map(|cause| cause.downcast_ref::<ClientError>()).any(ClientError::is_connect)
}

fn has<E: std::error::Error + 'static>(error: &(dyn std::error::Error + 'static)) -> bool {
    causes(error).find_map(|cause| cause.downcast_ref::<E>()).is_some()
}

fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}
