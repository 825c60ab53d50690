//! Values of secrets, read when the app is deployed: functions need no right to read them. They are never shown.

use std::collections::BTreeSet;

use super::desired::Secrets;
use super::manifest::SecretRef;
use crate::aws::{Aws, Failure, Repeat, call};
use bedrock_diagnostics::{Error, Result};

/// The values of `wanted`; all that cannot be read are told at once.
pub(crate) async fn read(aws: &Aws, wanted: BTreeSet<SecretRef>) -> Result<Secrets> {
    let mut secrets = Secrets::new();
    let mut errors = Vec::new();
    for secret in wanted {
        match one(aws, &secret).await {
            Ok(Some(value)) => {
                secrets.insert(secret, value);
            }
            Ok(None) => errors.push(Error::app(format!("{secret} is no text"))),
            Err(failure) => errors.push(failure.app(format!("failed to read {secret}"))),
        }
    }
    if errors.is_empty() { Ok(secrets) } else { Err(Error::combine(errors)) }
}

async fn one(aws: &Aws, secret: &SecretRef) -> std::result::Result<Option<String>, Failure> {
    match secret {
        SecretRef::Ssm(name) => {
            let request = || aws.ssm.get_parameter().name(name).with_decryption(true).send();
            let found = call(Repeat::Always, request).await?;
            Ok(found.parameter().and_then(|parameter| parameter.value()).map(str::to_owned))
        }
        SecretRef::SecretsManager(name) => {
            let found = call(Repeat::Always, || aws.secrets.get_secret_value().secret_id(name).send()).await?;
            Ok(found.secret_string().map(str::to_owned))
        }
    }
}

impl std::fmt::Display for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ssm(name) => write!(f, "the parameter `{name}`"),
            Self::SecretsManager(name) => write!(f, "the secret `{name}`"),
        }
    }
}
