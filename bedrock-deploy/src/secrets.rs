//! The values of secrets, read during a deploy, so that functions need no permission to read them. They are never
//! displayed.

use std::collections::BTreeSet;

use bedrock_diagnostics::{Error, Result};

use crate::aws::{Aws, AwsError, Idempotency, call};
use crate::desired::SecretValues;
use crate::manifest::SecretRef;

/// Reads the values of `refs`. Returns one error that names every secret that cannot be read.
pub(crate) async fn read_secrets(aws: &Aws, refs: BTreeSet<SecretRef>) -> Result<SecretValues> {
    let mut values = SecretValues::new();
    let mut errors = Vec::new();
    for secret in refs {
        match read_secret(aws, &secret).await {
            Ok(Some(value)) => {
                values.insert(secret, value);
            }
            Ok(None) => errors.push(Error::app(format!("{secret} is not text"))),
            Err(error) => errors.push(error.into_app_error(format!("failed to read {secret}"))),
        }
    }
    if errors.is_empty() { Ok(values) } else { Err(Error::combine(errors)) }
}

/// Returns `None` for a binary secret.
async fn read_secret(aws: &Aws, secret: &SecretRef) -> std::result::Result<Option<String>, AwsError> {
    match secret {
        SecretRef::Ssm(name) => {
            let request = || aws.ssm.get_parameter().name(name).with_decryption(true).send();
            let response = call(Idempotency::Idempotent, request).await?;
            Ok(response.parameter().and_then(|parameter| parameter.value()).map(str::to_owned))
        }
        SecretRef::SecretsManager(name) => {
            let request = || aws.secrets.get_secret_value().secret_id(name).send();
            let response = call(Idempotency::Idempotent, request).await?;
            Ok(response.secret_string().map(str::to_owned))
        }
    }
}
