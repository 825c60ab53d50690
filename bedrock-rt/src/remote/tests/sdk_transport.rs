//! Transport of the tests that uses the AWS SDK. Its credentials chain reads the process's environment, so these tests
//! replace that chain.

use std::sync::Arc;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as ProvideFuture;
use aws_sdk_lambda::config::{ProvideCredentials, Region, SharedCredentialsProvider};

use super::{Env, identity};
use crate::remote::lambda_transport::LambdaTransport;
use crate::remote::sdk_client::SdkClient;
use bedrock_model::transport::Transport;

pub(super) fn sdk(env: &Env) -> Arc<dyn Transport> {
    let value = |name: &str| env.iter().find(|(variable, _)| *variable == name).map(|(_, value)| value.clone());
    let url = value("AWS_ENDPOINT_URL_LAMBDA").or_else(|| value("AWS_ENDPOINT_URL")).expect("an endpoint");
    let keys = value("AWS_ACCESS_KEY_ID").zip(value("AWS_SECRET_ACCESS_KEY"));
    let credentials = keys.map(|(id, secret)| Credentials::new(id, secret, value("AWS_SESSION_TOKEN"), None, "test"));
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(value("AWS_REGION").map(Region::new))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(FakeCredentialsChain(credentials)))
        .build();
    let load = move |_| std::future::ready(config.clone());
    Arc::new(LambdaTransport::new(SdkClient::new(value("AWS_CA_BUNDLE").map(Into::into), load), identity()))
}

/// Returns credentials, or fails like a chain that found none.
#[derive(Debug)]
struct FakeCredentialsChain(Option<Credentials>);

impl ProvideCredentials for FakeCredentialsChain {
    fn provide_credentials<'a>(&'a self) -> ProvideFuture<'a>
    where
        Self: 'a,
    {
        ProvideFuture::ready(self.0.clone().ok_or_else(|| CredentialsError::not_loaded("none found")))
    }
}
