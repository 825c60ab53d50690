//! Converts the result of the last attempt to the caller's result.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use super::function_error::function_error;
use super::function_name::worker_arn_variable;
use super::invoke_client::{InvokeResponse, InvokeResult, SendError};
use crate::Error;
use crate::limits::{MAX_EVENT_PAYLOAD_BYTES, MAX_SYNC_PAYLOAD_BYTES};
use bedrock_model::transport::{InvocationType, Target};

/// The request that was made, as far as error messages need it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestContext<'a> {
    /// The worker as the caller named it.
    pub(super) target: &'a Target,
    /// Name or ARN of the function that was called.
    pub(super) function: &'a str,
    pub(super) kind: InvocationType,
    pub(super) bytes: usize,
    /// Time from the first request to the result, pauses included.
    pub(super) elapsed: Duration,
    /// Name of the caller's app.
    pub(super) app: Option<&'a str>,
}

/// Returns the response body, which is empty for an accepted event, or the error.
pub(super) fn into_result(outcome: InvokeResult, context: RequestContext<'_>) -> Result<Bytes, Error> {
    let worker = context.target.as_str().to_owned();
    match outcome {
        Ok(invoke_response) if invoke_response.function_failed => {
            Err(function_error(context.target.as_str(), &invoke_response.body, context.elapsed))
        }
        Ok(invoke_response) if (200..300).contains(&invoke_response.status) => Ok(invoke_response.body),
        Ok(invoke_response) => Err(service_error(&invoke_response, context)),
        Err(SendError::NoCredentials(message)) => Err(Error::AccessDenied { worker, message }),
        Err(SendError::NotSent { message, .. }) => Err(Error::Transport { worker, message, may_have_run: false }),
        Err(SendError::MaybeSent(message)) => Err(Error::Transport { worker, message, may_have_run: true }),
    }
}

/// Body of an error response of the service. The field names differ between errors.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ServiceErrorBody {
    #[serde(alias = "Message", alias = "errorMessage")]
    message: String,
    #[serde(rename = "Reason")]
    reason: String,
    /// Error code in the body; gateways write it there instead of in the header.
    #[serde(rename = "__type", alias = "code", alias = "Code")]
    code: String,
}

/// Converts an error response of the service.
///
/// Lambda's errors are "reserved for errors that prevent your function from executing" (API reference, `Invoke`). A 5xx
/// without a known code is an exception: it may come from a front end that lost the response of a function that ran.
fn service_error(invoke_response: &InvokeResponse, context: RequestContext<'_>) -> Error {
    let error_body: ServiceErrorBody = serde_json::from_slice(&invoke_response.body).unwrap_or_default();
    let code = invoke_response.code.clone().unwrap_or(error_body.code);
    let worker = context.target.as_str().to_owned();
    let message = match error_body.message.as_str() {
        "" => String::from_utf8_lossy(&invoke_response.body).chars().take(200).collect(),
        message => message.to_owned(),
    };
    let detail = [code.as_str(), &message].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    match invoke_response.status {
        401 | 403 if !code.starts_with("EFS") => Error::AccessDenied { worker, message: detail },
        404 => Error::WorkerNotFound { worker, help: Some(resource_not_found_help(context)) },
        413 => {
            let limit =
                if context.kind == InvocationType::Event { MAX_EVENT_PAYLOAD_BYTES } else { MAX_SYNC_PAYLOAD_BYTES };
            Error::PayloadTooLarge { worker, bytes: context.bytes, limit }
        }
        429 => {
            let reason = [error_body.reason, code].into_iter().find(|text| !text.is_empty()).unwrap_or(message);
            Error::Throttled { worker, reason }
        }
        status if is_before_execution(status, &code) => {
            let help = (code == "RecursiveInvocationException").then(|| {
                "Lambda stops a recursive loop after about 16 calls; the function's `recursive loop` setting can allow it"
                    .to_owned()
            });
            Error::NotStarted { worker, message: detail, help }
        }
        status => {
            let colon = if detail.is_empty() { "" } else { ": " };
            let message = format!("the Lambda service responded with status {status}{colon}{detail}");
            Error::Transport { worker, message, may_have_run: true }
        }
    }
}

/// Whether the function certainly did not run. A response without a code may come from any proxy on the way.
fn is_before_execution(status: u16, code: &str) -> bool {
    /// Prefixes of the error codes of a function that cannot be started (Lambda API model, 408 and 502 of `Invoke`).
    const START_ERROR_PREFIXES: [&str; 9] =
        ["EC2", "EFS", "ENI", "Invalid", "KMS", "ResourceNotReady", "S3Files", "SnapStart", "SubnetIP"];
    match status {
        408 | 502 => START_ERROR_PREFIXES.iter().any(|start| code.starts_with(start)),
        status => (400..500).contains(&status),
    }
}

fn resource_not_found_help(context: RequestContext<'_>) -> String {
    let not_found = format!("there is no function `{}` in this account and region", context.function);
    match context.target {
        Target::Worker(worker) => {
            format!("{not_found}: deploy it, or set `{}` to its ARN", worker_arn_variable(worker, context.app))
        }
        Target::Any(_) => not_found,
    }
}

#[cfg(test)]
mod tests {
    use super::{RequestContext, into_result};
    use crate::Error;
    use crate::remote::invoke_client::{InvokeResponse, SendError};
    use bedrock_model::transport::{InvocationType, Target};
    use bytes::Bytes;
    use std::time::Duration;

    fn context(kind: InvocationType) -> RequestContext<'static> {
        RequestContext {
            target: &Target::Worker("fetcher"),
            function: "my_app-dev-fetcher",
            kind,
            bytes: 7_000_000,
            elapsed: Duration::from_secs(1),
            app: Some("my-app"),
        }
    }

    fn invoke_response(status: u16, code: &str, body: &str) -> InvokeResponse {
        let code = (!code.is_empty()).then(|| code.to_owned());
        InvokeResponse { status, code, body: Bytes::copy_from_slice(body.as_bytes()), ..InvokeResponse::default() }
    }

    fn service_error_of(status: u16, code: &str, body: &str) -> Error {
        into_result(Ok(invoke_response(status, code, body)), context(InvocationType::RequestResponse))
            .expect_err("a refusal")
    }

    #[test]
    fn successful_response_returns_its_body() {
        let response = into_result(Ok(invoke_response(200, "", "[1]")), context(InvocationType::RequestResponse));
        assert_eq!(response.as_deref(), Ok(&b"[1]"[..]));
        let accepted = into_result(Ok(invoke_response(202, "", "")), context(InvocationType::Event));
        assert_eq!(accepted.as_deref(), Ok(&b""[..]));
        let function_failure =
            InvokeResponse { function_failed: true, ..invoke_response(200, "", r#"{"errorType":"KeyError"}"#) };
        let error = into_result(Ok(function_failure), context(InvocationType::RequestResponse)).expect_err("it failed");
        assert_eq!(error.error_type(), "KeyError");
    }

    #[test]
    fn service_errors_map_to_kind_and_may_have_run() {
        let message = r#"{"Type":"User","Message":"no"}"#;
        let table = [
            (400, "InvalidParameterValueException", "NotStarted", false),
            (400, "RecursiveInvocationException", "NotStarted", false),
            (402, "ServiceQuotaExceededException", "NotStarted", false),
            (401, "", "AccessDenied", false),
            (403, "AccessDeniedException", "AccessDenied", false),
            (403, "ExpiredTokenException", "AccessDenied", false),
            (403, "EFSMountFailureException", "NotStarted", false),
            (404, "ResourceNotFoundException", "WorkerNotFound", false),
            (408, "EFSMountTimeoutException", "NotStarted", false),
            (408, "SnapStartTimeoutException", "NotStarted", false),
            (408, "", "Transport", true),
            (409, "ResourceConflictException", "NotStarted", false),
            (410, "EFSIOException", "NotStarted", false),
            (413, "RequestTooLargeException", "PayloadTooLarge", false),
            (415, "UnsupportedMediaTypeException", "NotStarted", false),
            (429, "TooManyRequestsException", "Throttled", false),
            (500, "ServiceException", "Transport", true),
            (502, "KMSAccessDeniedException", "NotStarted", false),
            (502, "InvalidZipFileException", "NotStarted", false),
            (502, "ENILimitReachedException", "NotStarted", false),
            (502, "EC2UnexpectedException", "NotStarted", false),
            (502, "BadGatewayException", "Transport", true),
            (502, "", "Transport", true),
            (503, "", "Transport", true),
            (504, "ResourceNotReadyException", "Transport", true),
            (302, "", "Transport", true),
        ];
        for (status, code, kind, may_have_run) in table {
            let error = service_error_of(status, code, message);
            assert_eq!((error.error_type(), error.may_have_run()), (kind, may_have_run), "{status} {code}");
            assert_eq!(error.worker(), "fetcher");
        }
    }

    #[test]
    fn service_errors_contain_the_message_of_the_service() {
        let json = |body: &str| service_error_of(403, "AccessDeniedException", body).to_string();
        let expected = "no permission to call worker `fetcher`: AccessDeniedException: not authorized";
        assert_eq!(json(r#"{"Message":"not authorized"}"#), expected);
        assert_eq!(json(r#"{"message":"not authorized"}"#), expected);
        assert_eq!(json("not authorized"), expected);
        let gateway = service_error_of(403, "", r#"{"__type":"UnrecognizedClientException","message":"bad token"}"#);
        assert!(gateway.to_string().ends_with("UnrecognizedClientException: bad token"), "{gateway}");
        assert!(service_error_of(500, "", "").to_string().ends_with("the Lambda service responded with status 500"));
        let page = "<html>".repeat(1000);
        assert!(service_error_of(503, "", &page).to_string().len() < 400);
    }

    #[test]
    fn missing_function_error_names_its_arn_variable() {
        let expected = "there is no function `my_app-dev-fetcher` in this account and region: \
                        deploy it, or set `MY_APP_WORKER_ARN_FETCHER` to its ARN";
        assert_eq!(service_error_of(404, "ResourceNotFoundException", "{}").help(), Some(expected));
    }

    #[test]
    fn throttling_error_contains_lambdas_reason() {
        let body = r#"{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}"#;
        let Error::Throttled { reason, .. } = service_error_of(429, "TooManyRequestsException", body) else {
            panic!("throttled")
        };
        assert_eq!(reason, "ReservedFunctionConcurrentInvocationLimitExceeded");
        let Error::Throttled { reason, .. } = service_error_of(429, "", "slow down") else { panic!("throttled") };
        assert_eq!(reason, "slow down");
    }

    #[test]
    fn payload_too_large_for_the_service_reports_its_limit() {
        let too_large = |kind| {
            into_result(Ok(invoke_response(413, "RequestTooLargeException", "{}")), context(kind)).expect_err("large")
        };
        assert!(matches!(
            too_large(InvocationType::Event),
            Error::PayloadTooLarge { bytes: 7_000_000, limit: 1_048_576, .. }
        ));
        assert!(matches!(too_large(InvocationType::RequestResponse), Error::PayloadTooLarge { limit: 6_291_456, .. }));
    }

    #[test]
    fn send_error_reports_whether_the_request_was_sent() {
        let send_error_of = |send_error_of| {
            into_result(Err(send_error_of), context(InvocationType::RequestResponse)).expect_err("lost")
        };
        let not_sent = send_error_of(SendError::NotSent { message: "refused".to_owned(), is_retryable: true });
        assert_eq!((not_sent.error_type(), not_sent.may_have_run()), ("Transport", false));
        let sent = send_error_of(SendError::MaybeSent("reset".to_owned()));
        assert_eq!((sent.error_type(), sent.may_have_run()), ("Transport", true));
        let no_credentials = send_error_of(SendError::NoCredentials("no credentials".to_owned()));
        assert_eq!((no_credentials.error_type(), no_credentials.may_have_run()), ("AccessDenied", false));
    }
}
