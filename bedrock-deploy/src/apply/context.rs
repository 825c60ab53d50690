//! What the steps of a plan need: clients, the stage, the observer, and the error of a step.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_lambda::types::{LastUpdateStatus, State};
use bedrock_diagnostics::{Error, Interrupt};

use crate::aws::{Aws, AwsError, Idempotency, call};
use crate::desired::DesiredFunction;
use crate::lambda_settings::Members;
use crate::observer::DeployObserver;
use crate::stage::StageContext;

/// Pause before the first repeated `GetFunction` while a function is pending. It doubles up to [`MAX_POLL_INTERVAL`].
const MIN_POLL_INTERVAL: Duration = Duration::from_millis(50);
const MAX_POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Together with [`MAX_POLL_INTERVAL`], the timeout is 5 minutes.
const MAX_POLLS: usize = 600;

/// What all steps of a deploy share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ApplyContext<'a> {
    pub(crate) aws: &'a Aws,
    pub(crate) stage: &'a StageContext,
    pub(crate) observer: &'a dyn DeployObserver,
    pub(crate) interrupt: &'a Interrupt,
    /// Start in milliseconds since 1970, which identifies the versions that this deploy publishes and puts in use.
    pub(crate) started_at_ms: u64,
    pub(crate) published: &'a PublishedVersions,
    /// Whether functions are created with [`UNRECORDED_TAG`](crate::stage::UNRECORDED_TAG).
    pub(crate) is_unrecorded: bool,
}

/// The versions that a deploy has published so far, by the keys of their functions.
#[derive(Debug, Default)]
pub(crate) struct PublishedVersions {
    /// Numbers.
    functions: RefCell<BTreeMap<String, String>>,
    /// ARNs.
    layers: RefCell<BTreeMap<String, String>>,
}

impl PublishedVersions {
    pub(super) fn insert(&self, key: &str, number: &str) {
        self.functions.borrow_mut().insert(key.to_owned(), number.to_owned());
    }

    /// Returns the number of the version that was published of a function.
    pub(crate) fn get(&self, key: &str) -> Option<String> {
        self.functions.borrow().get(key).cloned()
    }

    pub(super) fn insert_layer(&self, key: &str, arn: &str) {
        self.layers.borrow_mut().insert(key.to_owned(), arn.to_owned());
    }

    /// Returns the ARN of the layer version of a function.
    pub(crate) fn layer(&self, key: &str) -> Option<String> {
        self.layers.borrow().get(key).cloned()
    }
}

/// One function whose steps are being applied.
#[derive(Debug)]
pub(super) struct FunctionContext<'a> {
    pub(super) aws: &'a Aws,
    pub(super) stage: &'a StageContext,
    pub(super) observer: &'a dyn DeployObserver,
    pub(super) published: &'a PublishedVersions,
    /// Whether the function is created with [`UNRECORDED_TAG`](crate::stage::UNRECORDED_TAG).
    pub(super) is_unrecorded: bool,
    pub(super) key: &'a str,
    /// Name of the function.
    pub(super) name: &'a str,
    /// `None` if the function is deleted.
    pub(super) desired: Option<&'a DesiredFunction>,
    /// Start of the deploy in milliseconds since 1970.
    pub(super) deploy: u64,
    /// Description of the version to publish.
    pub(super) version_description: String,
    /// Number of the version that was in use before the deploy.
    pub(super) live_version: Option<&'a str>,
    /// Whether the version to publish needs a new KMS grant.
    pub(super) renews_grant: bool,
    /// ARN of the worker's own layer. `None` until it is published.
    pub(super) layer_arn: Option<String>,
    /// Members of Lambda's API to send with the settings.
    pub(super) members: &'a Members,
    /// Revision of the function that is to be changed. `None` if any revision may be changed.
    pub(super) revision: Option<String>,
    /// ARN of the role that exists or was created.
    pub(super) role_arn: &'a str,
}

/// Why a step failed.
#[derive(Debug)]
pub(crate) enum StepError {
    Aws(AwsError),
    /// A problem of this machine or of the app's files.
    Local(Error),
}

/// The result of a step.
pub(crate) type StepResult = Result<(), StepError>;

impl From<AwsError> for StepError {
    fn from(error: AwsError) -> Self {
        Self::Aws(error)
    }
}

impl From<Error> for StepError {
    fn from(error: Error) -> Self {
        Self::Local(error)
    }
}

impl StepError {
    /// Converts it into an error with the message `message`, and with its own messages as causes.
    pub(crate) fn into_error(self, message: String) -> Error {
        match self {
            Self::Aws(error) => error.into_app_error(message),
            Self::Local(Error { kind, reports }) => {
                let error = Error::new(kind, message);
                reports.into_iter().fold(error, |error, report| {
                    let error = report.causes.into_iter().fold(error.cause(report.message), Error::cause);
                    report.help.into_iter().fold(error, Error::help)
                })
            }
        }
    }

    /// The error of a request that the SDK could not build.
    pub(crate) fn invalid_request(error: &dyn std::fmt::Display) -> Self {
        Error::call("failed to build the request").cause(error.to_string()).into()
    }
}

/// Waits until Lambda has finished the creation or the last update of a function, or of one of its versions. Returns the
/// revision.
pub(super) async fn wait_until_ready(
    aws: &Aws,
    name: &str,
    version: Option<&str>,
) -> Result<Option<String>, StepError> {
    let failed = |reason: Option<&str>| {
        Error::app(format!("AWS failed to prepare the function: {}", reason.unwrap_or("it gave no reason")))
    };
    let mut interval = MIN_POLL_INTERVAL;
    for _ in 0..MAX_POLLS {
        let request = || aws.lambda.get_function().function_name(name).set_qualifier(version.map(str::to_owned)).send();
        let response = call(Idempotency::EventuallyConsistent, request).await?;
        let Some(configuration) = response.configuration() else { return Ok(None) };
        if configuration.state() == Some(&State::Failed) {
            return Err(failed(configuration.state_reason()).into());
        }
        match configuration.last_update_status() {
            Some(LastUpdateStatus::Failed) => return Err(failed(configuration.last_update_status_reason()).into()),
            Some(LastUpdateStatus::InProgress) => {}
            _ if configuration.state() == Some(&State::Pending) => {}
            _ => return Ok(configuration.revision_id().map(str::to_owned)),
        }
        tokio::time::sleep(interval).await;
        interval = (interval * 2).min(MAX_POLL_INTERVAL);
    }
    Err(Error::app("AWS has not prepared the function within 5 minutes").into())
}
