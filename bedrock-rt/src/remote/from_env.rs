//! The transport of this process, from its environment.

use std::sync::Arc;

use super::call::{Identity, Remote};
use super::client::Client;
use super::settings::Settings;
use crate::Error;
use crate::config::{app, config};
use crate::transport::{Call, Reply, Transport};

/// Reads the environment. What is wrong with it is told by the calls, since a program that makes none does not need it.
pub(crate) fn from_env() -> Arc<dyn Transport> {
    let identity = Identity {
        app: app().map(str::to_owned),
        function: std::env::var("AWS_LAMBDA_FUNCTION_NAME").ok(),
        config: config().clone(),
    };
    match Settings::read(&|name| std::env::var(name).ok()) {
        Ok(settings) => Arc::new(Remote::new(Client::new(settings), identity)),
        Err(fault) => Arc::new(Unusable(fault)),
    }
}

/// Stands in when the environment is wrong.
struct Unusable(String);

impl Transport for Unusable {
    fn call(&self, call: Call) -> Reply {
        let worker = call.target.as_str().to_owned();
        let error = Error::Transport { worker, message: self.0.clone(), may_have_run: false };
        Box::pin(async move { Err(error) })
    }
}
