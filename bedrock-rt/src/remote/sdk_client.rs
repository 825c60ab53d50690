//! Sends requests through the AWS SDK, which finds credentials in profiles, single sign-on and more. The SDK's own
//! retries are disabled: they also repeat calls that may have run.

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

use super::error_chain::{causes, error_chain};
use super::invoke_client::{InvokeClient, InvokeInput, InvokeResponse, InvokeResult, SendError};
use bedrock_model::transport::InvocationType;

/// Timeout of connecting. The response may take as long as the call has.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// Client of the Invoke API that uses the AWS SDK.
#[derive(Clone)]
pub(super) struct SdkClient(Arc<Shared>);

struct Shared {
    /// File with certificates to trust instead of the system's.
    trust: Option<PathBuf>,
    load: Box<Load>,
    /// Created on first use: finding credentials takes requests of its own.
    client: OnceCell<Client>,
}

/// Finds region, endpoint and credentials, with the given HTTP client if that takes requests.
type Load = dyn Fn(SharedHttpClient) -> Pin<Box<dyn Future<Output = SdkConfig> + Send>> + Send + Sync;

impl SdkClient {
    /// Creates a client from the process's environment and the user's profiles.
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

impl InvokeClient for SdkClient {
    async fn send(&self, request: &InvokeInput) -> InvokeResult {
        self.0.send(request).await
    }

    fn open(&self) {
        let shared = Arc::clone(&self.0);
        // An error is ignored here: the first call tries again and reports it.
        tokio::spawn(async move { shared.client().await.map(drop) });
    }
}

impl Shared {
    async fn client(&self) -> Result<&Client, SendError> {
        let failed_transport = |message| SendError::NotSent { message, is_retryable: false };
        self.client.get_or_try_init(|| self.connect()).await.map_err(failed_transport)
    }

    async fn connect(&self) -> Result<Client, String> {
        let http = self.http()?;
        let shared_config = (self.load)(http.clone()).await;
        let config = aws_sdk_lambda::config::Builder::from(&shared_config)
            .http_client(http)
            .retry_config(RetryConfig::disabled())
            // A worker sends nothing while it runs.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).disable_read_timeout().build());
        Ok(Client::from_conf(config.build()))
    }

    fn http(&self) -> Result<SharedHttpClient, String> {
        let trust = match &self.trust {
            None => TrustStore::default(),
            Some(path) => {
                let read_error = |error| format!("failed to read `AWS_CA_BUNDLE` `{}`: {error}", path.display());
                TrustStore::empty().with_pem_certificate(std::fs::read(path).map_err(read_error)?)
            }
        };
        let context = TlsContext::builder().with_trust_store(trust).build().map_err(|error| error_chain(&error))?;
        Ok(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build_https())
    }

    async fn send(&self, request: &InvokeInput) -> InvokeResult {
        let kind = match request.kind {
            InvocationType::RequestResponse => InvocationType::RequestResponse,
            InvocationType::Event => InvocationType::Event,
        };
        let trace = request.trace.clone();
        let call = self.client().await?.invoke().function_name(request.function.as_str()).invocation_type(kind);
        let builder = call.payload(Blob::new(request.event.clone())).customize().mutate_request(move |http| {
            if let Some(trace) = &trace {
                // A trace that is not a valid header value is ignored.
                let _ = http.headers_mut().try_insert("x-amzn-trace-id", trace.clone());
            }
        });
        match builder.send().await {
            Ok(output) => Ok(success_response(output)),
            Err(SdkError::ServiceError(error)) => Ok(error_response(error.raw())),
            Err(error) => Err(send_error(&error)),
        }
    }
}

fn success_response(output: InvokeOutput) -> InvokeResponse {
    InvokeResponse {
        status: u16::try_from(output.status_code).unwrap_or_default(),
        function_failed: output.function_error.is_some(),
        body: output.payload.map(|payload| Bytes::from(payload.into_inner())).unwrap_or_default(),
        ..InvokeResponse::default()
    }
}

fn error_response(response: &HttpResponse) -> InvokeResponse {
    let header = |name: &str| response.headers().get(name);
    InvokeResponse {
        status: response.status().as_u16(),
        function_failed: false,
        code: header("x-amzn-errortype").and_then(|code| code.split(':').next()).map(str::to_owned),
        retry_after: header("retry-after").and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs),
        body: Bytes::copy_from_slice(response.body().bytes().unwrap_or_default()),
    }
}

/// Classifies an error: the request was certainly not written if there was no connection, or nothing to sign or send.
fn send_error(error: &SdkError<InvokeError, HttpResponse>) -> SendError {
    let message = error_chain(error);
    match error {
        SdkError::ConstructionFailure(_) if !has_cause::<CredentialsError>(error) => {
            SendError::NotSent { message, is_retryable: false }
        }
        SdkError::ConstructionFailure(_) => SendError::NoCredentials(message),
        SdkError::DispatchFailure(_) if has_cause::<CredentialsError>(error) => SendError::NoCredentials(message),
        // The only timeout that is set is that of connecting.
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            SendError::NotSent { message, is_retryable: true }
        }
        SdkError::DispatchFailure(failure) if failure.is_user() => SendError::NotSent { message, is_retryable: false },
        SdkError::DispatchFailure(_) if is_connect(error) => SendError::NotSent { message, is_retryable: true },
        _ => SendError::MaybeSent(message),
    }
}

fn is_connect(error: &(dyn std::error::Error + 'static)) -> bool {
    use hyper_util::client::legacy::Error as ClientError;
    causes(error).filter_map(|cause| cause.downcast_ref::<ClientError>()).any(ClientError::is_connect)
}

fn has_cause<E: std::error::Error + 'static>(error: &(dyn std::error::Error + 'static)) -> bool {
    causes(error).find_map(|cause| cause.downcast_ref::<E>()).is_some()
}
