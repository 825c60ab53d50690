//! The error of a request to AWS, in one form for all services.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};

use bedrock_diagnostics::{Error, ExitKind};

use super::action::action_of;

/// Error codes of credentials that exist but are not valid.
const INVALID_CREDENTIALS_CODES: [&str; 6] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Error codes of requests for which the caller has no permission. SNS has one of its own (API reference of SNS, `CreateTopic`).
const DENIED_CODES: [&str; 4] = ["AccessDenied", "AccessDeniedException", "AuthorizationError", "403"];
/// Error codes of requests that were throttled.
const THROTTLED_CODES: [&str; 7] = [
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "429",
];
/// Texts of errors that mean that AWS is busy, with other error codes than [`THROTTLED_CODES`].
const THROTTLED_MESSAGES: [&str; 1] = ["throttled by EC2"];
/// Parts of the error codes of quotas: `CodeStorageExceededException`, `LimitExceeded`, `ServiceQuotaExceededException`.
const QUOTA_CODES: [&str; 3] = ["LimitExceeded", "QuotaExceeded", "StorageExceeded"];
/// Error codes of values that the service does not accept.
const INVALID_VALUE_CODES: [&str; 7] = [
    "InvalidArgument",
    "InvalidAttributeValue",
    "InvalidParameterValue",
    "InvalidParameterValueException",
    "MalformedPolicyDocument",
    "ValidationError",
    "ValidationException",
];

/// Error codes and texts of requests whose signature has a time that differs too much from that of AWS.
const WRONG_CLOCK_CODES: [&str; 2] = ["RequestExpired", "RequestTimeTooSkewed"];
const WRONG_CLOCK_MESSAGES: [&str; 2] = ["Signature expired", "Signature not yet current"];
/// Message of a response that is not one of AWS. Services respond with JSON or XML.
const HTML_MESSAGE: &str =
    "the response is an HTML page: a proxy or the login page of a network answers in place of AWS";

/// Why a request to AWS failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AwsError {
    /// The service responded with an error. The request had no effect unless the status is 500 or above.
    Service {
        /// For example `lambda:CreateFunction`. `None` if the error is not that of one request of a service.
        action: Option<String>,
        code: String,
        message: String,
        status: u16,
    },
    /// The connection could not be established, so the request had no effect.
    NotSent(String),
    /// The request was sent, but no response arrived: it may have had an effect.
    NoResponse(String),
    /// There are no credentials to sign the request with.
    NoCredentials(String),
}

impl AwsError {
    /// Returns whether the service responded with this error code, for example `ResourceNotFoundException`.
    pub(crate) fn has_code(&self, expected: &str) -> bool {
        matches!(self, Self::Service { code, .. } if code == expected)
    }

    /// Returns whether the resource does not exist, by the error codes of all services.
    pub(crate) fn is_not_found(&self) -> bool {
        [
            "AWS.SimpleQueueService.NonExistentQueue",
            "NoSuchBucket",
            "NoSuchEntity",
            "NoSuchKey",
            "NoSuchTagSet",
            "NotFound",
            "NotFoundException",
            "ProvisionedConcurrencyConfigNotFoundException",
            "QueueDoesNotExist",
            "ResourceNotFound",
            "ResourceNotFoundException",
        ]
        .iter()
        .any(|code| self.has_code(code))
    }

    /// Returns whether the resource to create exists already, by the error codes of all services. Lambda's code for it also
    /// means that another change of the resource is in progress, so its message has to say it.
    pub(crate) fn already_exists(&self) -> bool {
        if let Self::Service { code, message, .. } = self
            && code == "ResourceConflictException"
        {
            return message.contains("already exist") || message.contains("Config exists");
        }
        if let Self::Service { code, message, .. } = self
            && code == "ResourceInUseException"
        {
            // DynamoDB's code for a table that exists, too.
            return message.contains("already exists");
        }
        ["ConflictException", "EntityAlreadyExists", "ResourceAlreadyExistsException", "BucketAlreadyOwnedByYou"]
            .iter()
            .any(|code| self.has_code(code))
    }

    /// Returns whether Lambda refused to delete a version because an alias points to it.
    pub(crate) fn is_referenced(&self) -> bool {
        matches!(self, Self::Service { code, message, .. }
            if code == "ResourceConflictException" && (message.contains("aliases reference it") || message.contains("referenced by an alias")))
    }

    /// Returns whether the service does not have the operation in this region. A code that is a number comes from a response
    /// without an error code, which is not a response of the service itself.
    pub(crate) fn is_unavailable_operation(&self) -> bool {
        [
            "InvalidAction",
            "MissingAuthenticationTokenException",
            "NotFound",
            "NotImplemented",
            "UnknownOperation",
            "UnknownOperationException",
            "403",
            "404",
            "405",
            "501",
        ]
        .iter()
        .any(|code| self.has_code(code))
    }

    /// Returns whether the caller has no permission for the request.
    pub(crate) fn is_denied(&self) -> bool {
        DENIED_CODES.iter().any(|code| self.has_code(code))
    }

    /// Converts it into an error of the app with the message `message`, for example ``failed to create function `x` ``.
    pub(crate) fn into_app_error(self, message: impl Into<String>) -> Error {
        self.into_error(ExitKind::App, message)
    }

    /// Converts it into an error of the command line or of this machine with the message `message`.
    pub(crate) fn into_call_error(self, message: impl Into<String>) -> Error {
        self.into_error(ExitKind::Call, message)
    }

    /// Returns the words of AWS after the action: `lambda:CreateFunction: AccessDeniedException: User … is not authorized`.
    fn words(&self) -> String {
        match self {
            Self::Service { action, code, message, .. } => {
                let parts = [action.as_deref().unwrap_or_default(), code, message];
                parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
            }
            Self::NotSent(reason) => format!("failed to connect: {reason}"),
            Self::NoResponse(reason) => format!("no response: {reason}"),
            Self::NoCredentials(reason) => reason.clone(),
        }
    }

    /// Returns what the user can do, for errors that say nothing about credentials. `None` if only the words of AWS say it.
    fn help(&self) -> Option<String> {
        let Self::Service { action, code, message, status } = self else {
            return Some("check the connection to AWS and `HTTPS_PROXY`, then run the same command again".to_owned());
        };
        if self.is_denied() {
            let action = action.as_deref().map_or("the request".to_owned(), |action| format!("`{action}`"));
            return Some(format!(
                "allow {action}: `cargo bedrock deploy --print-policy` prints all permissions of a deployer"
            ));
        }
        if is_throttled(code, message) {
            return Some(
                "AWS limits the rate of requests of the account: run the same command again in a minute".to_owned(),
            );
        }
        if QUOTA_CODES.iter().any(|part| code.contains(part)) {
            return Some(
                "delete what is not used, or request a higher quota in the console of Service Quotas".to_owned(),
            );
        }
        if code == "RequestEntityTooLargeException" {
            return Some(
                "remove dependencies: a request takes a zip of 50 MB, a function 250 MB without compression".to_owned(),
            );
        }
        if code == "BucketAlreadyExists" {
            return Some("another account has this bucket name: rename the app, the stage or the bucket".to_owned());
        }
        if message.contains("visibility timeout") {
            return Some(
                "raise the visibility timeout of the queue to six times the `timeout` of the worker".to_owned(),
            );
        }
        if INVALID_VALUE_CODES.contains(&code.as_str()) {
            return Some("correct what AWS names, build, and run the same command again".to_owned());
        }
        if *status >= 500 {
            return Some(
                "run the same command again; https://health.aws.amazon.com shows whether AWS has an outage".to_owned(),
            );
        }
        let action = action.as_deref()?;
        Some(format!("run the same command again, or look up `{code}` in the API reference of `{action}`"))
    }

    /// Problems with credentials and connections are always errors of this machine, whatever `kind` is.
    fn into_error(self, kind: ExitKind, message: impl Into<String>) -> Error {
        let with_credentials_help = |error: Error| {
            error
                .help("log in with `aws login`, `aws sso login` or `aws configure`, or choose a profile with `--profile NAME`")
                .help("`aws sts get-caller-identity` shows the identity that AWS sees")
        };
        let help = self.help();
        let words = self.words();
        match self {
            Self::Service { code, message: reason, .. } if is_wrong_clock(&code, &reason) => {
                let error = Error::call(message).cause("AWS rejected the time of the request");
                error.cause(words).help("set the clock of this machine: `timedatectl set-ntp true`")
            }
            Self::Service { message: reason, .. } if reason == HTML_MESSAGE => {
                let error = Error::call(message).cause(words);
                error.help("log in to the network, or check `HTTPS_PROXY`, `NO_PROXY` and `--endpoint-url`")
            }
            Self::Service { code, .. } if INVALID_CREDENTIALS_CODES.contains(&code.as_str()) => {
                let error = Error::call(message).cause("AWS rejected the credentials");
                with_credentials_help(error.cause(words))
            }
            Self::Service { .. } | Self::NoResponse(_) => {
                help.into_iter().fold(Error::new(kind, message).cause(words), Error::help)
            }
            Self::NotSent(_) => help.into_iter().fold(Error::call(message).cause(words), Error::help),
            Self::NoCredentials(reason) => {
                with_credentials_help(Error::call(message).cause("there are no AWS credentials").cause(reason))
            }
        }
    }
}

impl<E> From<SdkError<E, HttpResponse>> for AwsError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        if let Some(reason) = sources(&error).find_map(|source| source.downcast_ref::<CredentialsError>()) {
            return Self::NoCredentials(error_chain(reason));
        }
        let action = action_of::<E>();
        let reason =
            |action: Option<String>| action.into_iter().chain([error_chain(&error)]).collect::<Vec<_>>().join(": ");
        match &error {
            SdkError::ServiceError(refused) if is_html(refused.raw()) => html_error(refused.raw(), action),
            SdkError::ResponseError(invalid) if is_html(invalid.raw()) => html_error(invalid.raw(), action),
            SdkError::ServiceError(refused) => {
                let status = refused.raw().status().as_u16();
                // The response to a HEAD request has no body, and therefore no error code.
                let code = refused.err().code().map(str::to_owned);
                let code =
                    code.unwrap_or_else(|| if status == 404 { "NotFound".to_owned() } else { status.to_string() });
                let message = refused.err().message().unwrap_or_default().to_owned();
                Self::Service { action, code, message, status }
            }
            SdkError::ResponseError(invalid) if invalid.raw().status().as_u16() >= 500 => {
                let status = invalid.raw().status().as_u16();
                Self::Service { action, code: status.to_string(), message: String::new(), status }
            }
            SdkError::DispatchFailure(failure) if failure.is_user() => Self::NotSent(reason(action)),
            SdkError::ConstructionFailure(_) => Self::NotSent(reason(action)),
            SdkError::DispatchFailure(_) if is_connect_error(&error) => Self::NotSent(reason(action)),
            _ => Self::NoResponse(reason(action)),
        }
    }
}

/// Returns whether AWS refused the request because there were too many.
pub(super) fn is_throttled(code: &str, message: &str) -> bool {
    THROTTLED_CODES.contains(&code) || THROTTLED_MESSAGES.iter().any(|text| message.contains(text))
}

fn is_wrong_clock(code: &str, message: &str) -> bool {
    WRONG_CLOCK_CODES.contains(&code) || WRONG_CLOCK_MESSAGES.iter().any(|text| message.contains(text))
}

pub(super) fn is_html(response: &HttpResponse) -> bool {
    let kind = response.headers().get("content-type").unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("text/html")
}

/// An HTML page has no error code, so that it is neither "not found" nor an operation that the region does not have.
pub(super) fn html_error(response: &HttpResponse, action: Option<String>) -> AwsError {
    let status = response.status().as_u16();
    AwsError::Service { action, code: format!("HTTP status {status}"), message: HTML_MESSAGE.to_owned(), status }
}

/// Returns `None` if the requested resource does not exist.
pub(crate) fn optional<T>(result: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match result {
        Ok(response) => Ok(Some(response)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Treats a failed creation as successful if the resource exists already.
pub(crate) fn ok_if_exists<T>(result: Result<T, AwsError>) -> Result<(), AwsError> {
    match result {
        Err(error) if !error.already_exists() => Err(error),
        _ => Ok(()),
    }
}

/// Returns whether the connection was not established. The timeout of the connector has no type of its own that could be
/// matched, only its text.
fn is_connect_error(error: &(dyn StdError + 'static)) -> bool {
    use hyper_util::client::legacy::Error as ClientError;
    sources(error).any(|source| {
        source.downcast_ref::<ClientError>().is_some_and(ClientError::is_connect)
            || source.to_string().starts_with("HTTP connect timeout")
    })
}

/// Joins an error and its sources, outermost first, without texts that an outer error already contains.
fn error_chain(error: &(dyn StdError + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for source in sources(error) {
        let text = source.to_string();
        if !texts.iter().any(|outer| outer.contains(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

fn sources<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (**error).source())
}
