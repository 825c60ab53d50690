//! The transport of this process, from its environment.

use std::sync::Arc;

use super::call::{Identity, Remote};
use crate::config::{app, config};
use crate::transport::Transport;

/// Reads the environment; what it lacks is told by the calls, since a program that makes none does not need it.
pub(crate) fn from_env() -> Arc<dyn Transport> {
    let identity = Identity {
        app: app().map(str::to_owned),
        function: std::env::var("AWS_LAMBDA_FUNCTION_NAME").ok(),
        config: config().clone(),
    };
    transport(identity)
}

#[cfg(feature = "aws-sdk")]
fn transport(identity: Identity) -> Arc<dyn Transport> {
    Arc::new(Remote::new(super::sdk::Sdk::from_env(), identity))
}

#[cfg(not(feature = "aws-sdk"))]
fn transport(identity: Identity) -> Arc<dyn Transport> {
    use super::http::{Client, Settings};

    match Settings::read(&|name| std::env::var(name).ok()) {
        Ok(settings) => Arc::new(Remote::new(Client::new(settings), identity)),
        Err(fault) => Arc::new(unusable::Unusable(fault)),
    }
}

#[cfg(not(feature = "aws-sdk"))]
mod unusable {
    use crate::Error;
    use crate::transport::{Call, Reply, Transport};

    /// Stands in when the environment is wrong.
    pub(super) struct Unusable(pub(super) String);

    impl Transport for Unusable {
        fn call(&self, call: Call) -> Reply {
            let worker = call.target.as_str().to_owned();
            let error = Error::Transport { worker, message: self.0.clone(), may_have_run: false };
            Box::pin(async move { Err(error) })
        }
    }
}
