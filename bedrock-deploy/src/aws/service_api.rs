//! Signed JSON requests to services of which only a few operations are needed. Their SDKs would be compiled by everyone who
//! builds this program.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_lambda::config::http::{HttpRequest, HttpResponse};
use aws_sdk_lambda::error::SdkError;
use aws_sdk_lambda::primitives::SdkBody;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector};
use bedrock_diagnostics::Result as AppResult;
use serde_json::Value;
use tokio::sync::Mutex;

use super::error::{AwsError, html_error, is_html};
use super::http_client::{CONNECT_TIMEOUT, READ_TIMEOUT, connector, tls_context};
use super::retry::{Idempotency, call_service};
use crate::partitions::dns_suffix;

/// Credentials that expire sooner than this are loaded again.
const CREDENTIALS_RESERVE: Duration = Duration::from_secs(60);

/// A service in one region. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ServiceApi {
    /// Name of the service in signatures and host names.
    service: &'static str,
    region: String,
    /// URL without a path: `https://apigateway.eu-west-1.amazonaws.com`.
    endpoint: String,
    connector: SharedHttpConnector,
    provider: Option<SharedCredentialsProvider>,
    /// The last credentials.
    credentials: Arc<Mutex<Option<Credentials>>>,
}

/// The body of a request, and the headers that say what it is.
#[derive(Debug)]
pub(super) struct RequestBody {
    pub(super) content_type: &'static str,
    /// Operation of a service that has only one path.
    pub(super) target: Option<String>,
    pub(super) text: String,
}

impl ServiceApi {
    pub(super) fn new(sdk: &SdkConfig, service: &'static str, region: &str, partition: &str) -> AppResult<Self> {
        let timeouts = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT);
        let connector = connector(Some(timeouts.build()), sdk.sleep_impl(), ProxyConfig::from_env(), tls_context()?);
        let endpoint = sdk.endpoint_url().map(|url| url.trim_end_matches('/').to_owned());
        Ok(Self {
            service,
            region: region.to_owned(),
            endpoint: endpoint.unwrap_or_else(|| format!("https://{service}.{region}.{}", dns_suffix(partition))),
            connector: SharedHttpConnector::new(connector),
            provider: sdk.credentials_provider(),
            credentials: Arc::default(),
        })
    }

    /// Reads what is at `path`, which may have a query.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, AwsError> {
        self.call(Idempotency::Idempotent, "GET", path, None).await
    }

    /// Reads all pages of the list at `path`.
    pub(crate) async fn list(&self, path: &str) -> Result<Vec<Value>, AwsError> {
        let mut items = Vec::new();
        let mut token = None::<String>;
        loop {
            let query = token.map_or(String::new(), |token| format!("?nextToken={}", percent_encode(&token)));
            let mut page = self.get(&format!("{path}{query}")).await?;
            if let Value::Array(found) = page["items"].take() {
                items.extend(found);
            }
            token = page["nextToken"].as_str().filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() {
                return Ok(items);
            }
        }
    }

    /// Sends a request, and retries it as `idempotency` allows. Returns null for a response without a body.
    pub(crate) async fn call(
        &self,
        idempotency: Idempotency,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, AwsError> {
        let body = || RequestBody {
            content_type: "application/json",
            target: None,
            text: body.map(Value::to_string).unwrap_or_default(),
        };
        // The actions of API Gateway are named by methods.
        let action = format!("{}:{method}", self.service);
        call_service(idempotency, || self.send(method, path, body(), action.clone())).await
    }

    /// Sends a request once. `action` is what it needs, in the words of IAM.
    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        body: RequestBody,
        action: String,
    ) -> Result<Value, AwsError> {
        let request = self.signed(method, path, body).await?;
        let dispatch_failure = |error| AwsError::from(SdkError::<GetCallerIdentityError, _>::dispatch_failure(error));
        let response: HttpResponse = self.connector.call(request).await.map_err(dispatch_failure)?;
        if is_html(&response) {
            return Err(html_error(&response, Some(action)));
        }
        let status = response.status().as_u16();
        let error_type = response.headers().get("x-amzn-errortype").map(str::to_owned);
        let body = ByteStream::new(response.into_body()).collect().await;
        let body = body.map_err(|error| AwsError::NoResponse(error.to_string()))?.into_bytes();
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        if (200..300).contains(&status) { Ok(value) } else { Err(service_error(action, status, error_type, &value)) }
    }

    async fn signed(&self, method: &str, path: &str, body: RequestBody) -> Result<HttpRequest, AwsError> {
        let not_sent = |error: &dyn std::fmt::Display| AwsError::NotSent(error.to_string());
        let identity = self.credentials().await?.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build();
        let parameters = parameters.map_err(|error| not_sent(&error))?.into();
        let url = format!("{}{path}", self.endpoint);
        let RequestBody { content_type, target, text } = body;
        let target = target.as_deref().map(|target| ("x-amz-target", target));
        let headers: Vec<(&str, &str)> = [("content-type", content_type)].into_iter().chain(target).collect();
        let of_body = SignableBody::Bytes(text.as_bytes());
        let signable = SignableRequest::new(method, &url, headers.iter().copied(), of_body);
        let signed =
            sign(signable.map_err(|error| not_sent(&error))?, &parameters).map_err(|error| not_sent(&error))?;
        let mut request = hyper::Request::builder().method(method).uri(url);
        for (name, value) in headers.into_iter().chain(signed.output().headers()) {
            request = request.header(name, value);
        }
        let request = request.body(SdkBody::from(text)).map_err(|error| not_sent(&error))?;
        HttpRequest::try_from(request).map_err(|error| not_sent(&error))
    }

    async fn credentials(&self) -> Result<Credentials, AwsError> {
        let mut last = self.credentials.lock().await;
        let limit = SystemTime::now() + CREDENTIALS_RESERVE;
        if let Some(credentials) = last.as_ref().filter(|last| last.expiry().is_none_or(|expiry| expiry > limit)) {
            return Ok(credentials.clone());
        }
        let Some(provider) = &self.provider else {
            return Err(AwsError::NoCredentials("no provider of credentials".to_owned()));
        };
        let loaded = provider.provide_credentials().await;
        let loaded = loaded.map_err(|error| AwsError::NoCredentials(error.to_string()))?;
        *last = Some(loaded.clone());
        Ok(loaded)
    }
}

/// Returns the error of a response: its code is in a header or in the body, with more text after `:` or before `#`.
fn service_error(action: String, status: u16, error_type: Option<String>, body: &Value) -> AwsError {
    let code = error_type.or_else(|| body["__type"].as_str().map(str::to_owned));
    let code = code.and_then(|code| Some(code.split(':').next()?.rsplit('#').next()?.to_owned()));
    let message = ["message", "Message"].iter().find_map(|key| body[*key].as_str()).unwrap_or_default();
    let code = code.unwrap_or_else(|| status.to_string());
    AwsError::Service { action: Some(action), code, message: message.to_owned(), status }
}

/// Encodes a part of a path or of a query.
pub(crate) fn percent_encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn error_codes_are_read_from_header_and_body() {
        let code = |header: Option<&str>, body: Value| {
            let action = "apigateway:POST".to_owned();
            match service_error(action.clone(), 400, header.map(str::to_owned), &body) {
                AwsError::Service { action: Some(found), code, message, .. } if found == action => {
                    format!("{code}: {message}")
                }
                other => panic!("{other:?}"),
            }
        };
        let message = json!({ "message": "no" });
        assert_eq!(code(Some("NotFoundException:http://internal/"), message.clone()), "NotFoundException: no");
        assert_eq!(code(None, json!({ "__type": "com.amazonaws#Throttling", "Message": "no" })), "Throttling: no");
        assert_eq!(code(None, message), "400: no");
    }

    #[test]
    fn parts_of_paths_are_encoded() {
        assert_eq!(percent_encode("arn:aws:a/$default ü~"), "arn%3Aaws%3Aa%2F%24default%20%C3%BC~");
    }
}
