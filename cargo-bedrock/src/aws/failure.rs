//! A request that was not answered as it was meant to be: refused by the service, lost on the way, or never sent. One
//! form for all services.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};

use bedrock_diagnostics::{Error, ExitKind};

/// Codes of credentials that are there and not good.
const BAD_CREDENTIALS: [&str; 6] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Why a request did not do what it was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The service said no; nothing was done, unless the status is 500 or above.
    Refused { code: String, message: String, status: u16 },
    /// There was no connection.
    NotSent(String),
    /// The request went out, and no answer came.
    Lost(String),
    /// There is nothing to sign the request with.
    NoCredentials(String),
}

impl Failure {
    /// Whether the service refused with this code, for example `ResourceNotFoundException`.
    pub(crate) fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == wanted)
    }

    /// Whether what was asked for is not there, by any service's code.
    pub(crate) fn is_missing(&self) -> bool {
        [
            "AWS.SimpleQueueService.NonExistentQueue",
            "NoSuchBucket",
            "NoSuchEntity",
            "NoSuchKey",
            "NoSuchTagSet",
            "NotFound",
            "QueueDoesNotExist",
            "ResourceNotFoundException",
        ]
        .iter()
        .any(|code| self.is(code))
    }

    /// Whether what was to be made is there already, by any service's code.
    pub(crate) fn is_there(&self) -> bool {
        [
            "ConflictException",
            "ResourceConflictException",
            "EntityAlreadyExists",
            "ResourceAlreadyExistsException",
            "BucketAlreadyOwnedByYou",
        ]
        .iter()
        .any(|code| self.is(code))
    }

    /// As an error of what the app asked AWS for: ``failed to create function `x` ``.
    pub(crate) fn app(self, what: impl Into<String>) -> Error {
        self.error(ExitKind::App, what)
    }

    /// As an error of this machine or its settings.
    pub(crate) fn call(self, what: impl Into<String>) -> Error {
        self.error(ExitKind::Call, what)
    }

    fn error(self, kind: ExitKind, what: impl Into<String>) -> Error {
        let credentials = |error: Error| {
            error
                .help("log in with `aws sso login` or `aws configure`, or choose a profile with `--profile NAME`")
                .help("`aws sts get-caller-identity` shows who you are to AWS")
        };
        match self {
            Self::Refused { code, message, .. } if BAD_CREDENTIALS.contains(&code.as_str()) => credentials(
                Error::call(what).cause("AWS does not accept the credentials").cause(format!("{code}: {message}")),
            ),
            Self::Refused { code, message, .. } => {
                Error::new(kind, what).cause(if message.is_empty() { code } else { format!("{code}: {message}") })
            }
            Self::NotSent(why) => Error::call(what).cause(format!("there is no connection: {why}")),
            Self::Lost(why) => Error::new(kind, what).cause(format!("no answer came: {why}")),
            Self::NoCredentials(why) => credentials(Error::call(what).cause("there are no AWS credentials").cause(why)),
        }
    }
}

impl<E> From<SdkError<E, HttpResponse>> for Failure
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        if let Some(why) = causes(&error).find_map(|cause| cause.downcast_ref::<CredentialsError>()) {
            return Self::NoCredentials(chain(why));
        }
        match &error {
            SdkError::ServiceError(refused) => {
                let status = refused.raw().status().as_u16();
                // HEAD has no body to say why in.
                let named = refused.err().code().map(str::to_owned);
                let code =
                    named.unwrap_or_else(|| if status == 404 { "NotFound".to_owned() } else { status.to_string() });
                Self::Refused { code, message: refused.err().message().unwrap_or_default().to_owned(), status }
            }
            SdkError::ResponseError(wrong) if wrong.raw().status().as_u16() >= 500 => {
                let status = wrong.raw().status().as_u16();
                Self::Refused { code: status.to_string(), message: String::new(), status }
            }
            SdkError::DispatchFailure(failure) if failure.is_user() => Self::NotSent(chain(&error)),
            SdkError::ConstructionFailure(_) => Self::NotSent(chain(&error)),
            SdkError::DispatchFailure(_) if is_connect(&error) => Self::NotSent(chain(&error)),
            _ => Self::Lost(chain(&error)),
        }
    }
}

/// The connection's own timeout is in the chain by its name alone.
fn is_connect(error: &(dyn StdError + 'static)) -> bool {
    use hyper_util::client::legacy::Error as ClientError;
    causes(error).any(|cause| {
        cause.downcast_ref::<ClientError>().is_some_and(ClientError::is_connect)
            || cause.to_string().starts_with("HTTP connect timeout")
    })
}

/// An error and its causes, outermost first, each said once.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        if !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
    }
    said.join(": ")
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (**error).source())
}
