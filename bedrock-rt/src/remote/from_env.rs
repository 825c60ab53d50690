//! Creates the transport of this process from its environment.

use std::sync::Arc;

use super::lambda_transport::{LambdaTransport, ProgramInfo};
use crate::config::{app, config};
use bedrock_model::transport::Transport;

/// Returns the transport that the environment describes. What the environment lacks is reported by the calls, because a
/// program that makes no calls does not need it.
pub(crate) fn from_env() -> Arc<dyn Transport> {
    let identity = ProgramInfo {
        app: app().map(str::to_owned),
        function: std::env::var("AWS_LAMBDA_FUNCTION_NAME").ok(),
        version: std::env::var("AWS_LAMBDA_FUNCTION_VERSION").ok(),
        config: config().clone(),
    };
    transport(identity)
}

#[cfg(feature = "aws-sdk")]
fn transport(identity: ProgramInfo) -> Arc<dyn Transport> {
    Arc::new(LambdaTransport::new(super::sdk_client::SdkClient::from_env(), identity))
}

#[cfg(not(feature = "aws-sdk"))]
fn transport(identity: ProgramInfo) -> Arc<dyn Transport> {
    use super::http_client::{HttpClient, Settings};

    match Settings::read(&|name| std::env::var(name).ok()) {
        Ok(settings) => Arc::new(LambdaTransport::new(HttpClient::new(settings), identity)),
        Err(reason) => Arc::new(failed_transport::FailedTransport(reason)),
    }
}

#[cfg(not(feature = "aws-sdk"))]
mod failed_transport {
    use crate::Error;
    use bedrock_model::transport::{Call, Reply, Transport};

    /// Transport of a process with an invalid environment: every call fails with the reason.
    pub(super) struct FailedTransport(pub(super) String);

    impl Transport for FailedTransport {
        fn call(&self, call: Call) -> Reply {
            let worker = call.target.as_str().to_owned();
            let error = Error::Transport { worker, message: self.0.clone(), may_have_run: false };
            Box::pin(async move { Err(error) })
        }
    }
}
