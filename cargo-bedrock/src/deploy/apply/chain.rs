//! The steps of one function: which step is done where, what later ones need of earlier ones, and how a failure is told.

use std::time::Duration;

use aws_sdk_lambda::types::{LastUpdateStatus, State};

use super::{Deploy, function, gone, layer, role, url};
use crate::aws::{Aws, Failure, Repeat, call};
use crate::deploy::desired::Function;
use crate::deploy::mark::Mark;
use crate::deploy::plan::{Planned, Step};
use crate::deploy::stage::Site;
use bedrock_diagnostics::{Error, Result};

/// Milliseconds between looks at a function that is being made ready, and how many there are: five minutes.
const LOOK: (u64, u64) = (50, 500);
const LOOKS: usize = 600;

/// Why a step came to nothing.
#[derive(Debug)]
pub(crate) enum Stop {
    Aws(Failure),
    /// It is this machine's or the app's fault.
    Here(Error),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Aws(failure)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Here(error)
    }
}

impl Stop {
    /// ``failed to update the code of function `x` `` with the reason.
    pub(crate) fn error(self, what: &str, function: &str) -> Error {
        self.of(format!("failed to {what} of function `{function}`"))
    }

    /// `what` with the reason.
    pub(crate) fn of(self, what: String) -> Error {
        match self {
            Self::Aws(failure) => failure.app(what),
            Self::Here(Error { kind, reports }) => {
                let error = Error::new(kind, what);
                reports.into_iter().fold(error, |error, report| {
                    let error = report.causes.into_iter().fold(error.cause(report.message), Error::cause);
                    report.help.into_iter().fold(error, Error::help)
                })
            }
        }
    }
}

/// One function while it is changed.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) aws: Aws,
    pub(super) site: Site,
    pub(super) key: String,
    pub(super) name: String,
    /// What is written on the version that is published: by which deploy, and which version was in use before.
    pub(super) mark: String,
    /// The version that was in use.
    pub(super) live: Option<String>,
    wanted: Option<Function>,
    /// ARN of the worker's own layer, as soon as it is known.
    pub(super) layer: Option<String>,
}

impl Chain {
    pub(super) fn new(deploy: &Deploy, planned: &Planned, wanted: Option<Function>) -> Self {
        Self {
            aws: deploy.aws.clone(),
            site: deploy.site.clone(),
            key: planned.key.clone(),
            name: planned.function.clone(),
            mark: Mark { deploy: deploy.began, before: planned.live.as_deref().and_then(|live| live.parse().ok()) }
                .to_string(),
            live: planned.live.clone(),
            wanted,
            layer: planned.layer.clone(),
        }
    }

    pub(super) async fn step(&mut self, step: &Step) -> Result<()> {
        let done = match step {
            Step::DeleteFunction => gone::function(self).await,
            Step::DropLayers(numbers) => layer::drop(self, numbers).await,
            Step::DeleteRole => role::delete(self).await,
            Step::RemovePolicy(name) => role::remove_policy(self, name).await,
            Step::DeleteLogGroup => gone::log_group(self).await,
            step => match self.wanted.take() {
                Some(wanted) => {
                    let done = self.toward(step, &wanted).await;
                    self.wanted = Some(wanted);
                    done
                }
                None => Ok(()),
            },
        };
        done.map_err(|stop| stop.error(step.words(), &self.name))
    }

    async fn toward(&mut self, step: &Step, wanted: &Function) -> std::result::Result<(), Stop> {
        match step {
            Step::MakeLogGroup => function::make_log_group(self, wanted).await,
            Step::KeepLogs => function::keep_logs(self, wanted).await,
            Step::MakeRole => role::make(self).await,
            Step::TrustLambda => role::trust(self).await,
            Step::WriteOwnPolicy => role::write_own_policy(self, wanted).await,
            Step::AddPolicy(name, document) => role::add_policy(self, name, document).await,
            Step::PublishLayer => {
                self.layer = Some(layer::publish(self, wanted).await?);
                Ok(())
            }
            Step::MakeFunction => function::make(self, wanted).await,
            Step::UpdateSettings => {
                let layers = wanted.layers(self.layer.as_deref());
                update_settings(self, wanted, &layers).await
            }
            Step::UpdateCode => function::send_code(self, wanted).await,
            Step::ReserveConcurrency => function::reserve(self, wanted).await,
            Step::SetEvents => function::set_events(self, wanted).await,
            Step::SetRecursion => function::set_recursion(self, wanted).await,
            Step::Publish => function::publish(self, wanted).await,
            Step::MakeUrl => url::make(self, wanted).await,
            Step::SetUrlAuth => url::set_auth(self, wanted).await,
            Step::Allow(statement) => url::allow(self, *statement).await,
            Step::Disallow(statement) => url::disallow(self, *statement).await,
            Step::DropLayers(_)
            | Step::RemovePolicy(_)
            | Step::DeleteFunction
            | Step::DeleteRole
            | Step::DeleteLogGroup => Ok(()),
        }
    }
}

async fn update_settings(chain: &Chain, wanted: &Function, layers: &[String]) -> std::result::Result<(), Stop> {
    function::update_settings(&chain.aws, &chain.name, &wanted.version.settings, layers).await
}

/// Waits until Lambda has made a function ready, or an update of it.
pub(super) async fn settled(aws: &Aws, name: &str) -> std::result::Result<(), Stop> {
    let (mut pause, longest) = LOOK;
    for _ in 0..LOOKS {
        let found = call(Repeat::UntilThere, || aws.lambda.get_function().function_name(name).send()).await?;
        let Some(found) = found.configuration() else { return Ok(()) };
        if found.state() == Some(&State::Failed) {
            return Err(refused(found.state_reason()));
        }
        match found.last_update_status() {
            Some(LastUpdateStatus::Failed) => return Err(refused(found.last_update_status_reason())),
            Some(LastUpdateStatus::InProgress) => {}
            _ if found.state() == Some(&State::Pending) => {}
            _ => return Ok(()),
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
        pause = (pause * 2).min(longest);
    }
    Err(Error::app("AWS has not made the function ready for five minutes").into())
}

fn refused(why: Option<&str>) -> Stop {
    Error::app(format!("AWS could not make it ready: {}", why.unwrap_or("it does not say why"))).into()
}
