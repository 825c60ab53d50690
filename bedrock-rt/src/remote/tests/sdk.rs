//! The AWS SDK as a way to call. Its chain of credentials reads the process's environment; these tests begin after it.

use std::sync::Arc;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_sdk_lambda::config::{ProvideCredentials, Region, SharedCredentialsProvider};

use super::{Env, identity};
use crate::remote::call::Remote;
use crate::remote::sdk::Sdk;
use crate::transport::Transport;

pub(super) fn sdk(env: &Env) -> Arc<dyn Transport> {
    let value = |wanted: &str| env.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone());
    let url = value("AWS_ENDPOINT_URL_LAMBDA").or_else(|| value("AWS_ENDPOINT_URL")).expect("an endpoint");
    let keys = value("AWS_ACCESS_KEY_ID").zip(value("AWS_SECRET_ACCESS_KEY"));
    let credentials = keys.map(|(id, secret)| Credentials::new(id, secret, value("AWS_SESSION_TOKEN"), None, "test"));
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(value("AWS_REGION").map(Region::new))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(Chain(credentials)))
        .build();
    let load = move |_| std::future::ready(config.clone());
    Arc::new(Remote::new(Sdk::new(value("AWS_CA_BUNDLE").map(Into::into), load), identity()))
}

/// Gives credentials, or fails as the chain does that has found none.
#[derive(Debug)]
struct Chain(Option<Credentials>);

impl ProvideCredentials for Chain {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::ready(self.0.clone().ok_or_else(|| CredentialsError::not_loaded("none found")))
    }
}
