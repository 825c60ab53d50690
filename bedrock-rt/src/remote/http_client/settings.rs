//! Settings of the client, read once from the environment: region, endpoint, trusted certificates, credentials.

use std::path::PathBuf;

use super::credentials::CredentialsSource;
use super::endpoint::{self, Endpoint};
use super::types::EnvReader;

/// Settings of the client.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(super) region: String,
    pub(super) endpoint: Endpoint,
    /// File with certificates to trust instead of the public ones, from `AWS_CA_BUNDLE`.
    pub(super) trust: Option<PathBuf>,
    pub(super) source: CredentialsSource,
    /// Whether to open a connection before the first call.
    pub(super) opens_connection_early: bool,
}

impl Settings {
    /// Reads the settings. Returns an error if no call could be made with them.
    pub(crate) fn read(env: EnvReader<'_>) -> Result<Self, String> {
        let env = &|name: &str| env(name).filter(|value| !value.is_empty());
        let region = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(env);
        let region = region.ok_or("no region: `AWS_REGION` is not set")?;
        if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(format!(
                "`{}` is not a valid region: only letters, digits and `-` are allowed",
                region.escape_debug()
            ));
        }
        Ok(Self {
            endpoint: endpoint::resolve(&region, env)?,
            trust: env("AWS_CA_BUNDLE").map(PathBuf::from),
            source: CredentialsSource::read(env)?,
            // A connection that is opened before a snapshot is closed when the snapshot is restored.
            opens_connection_early: env("AWS_LAMBDA_INITIALIZATION_TYPE").is_none_or(|kind| kind != "snap-start"),
            region,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    fn read(env: &[(&str, &str)]) -> Result<Settings, String> {
        let keys = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret")];
        Settings::read(&|name| {
            env.iter().chain(&keys).find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn region_comes_from_lambda_or_the_default() {
        let both = read(&[("AWS_DEFAULT_REGION", "eu-west-2"), ("AWS_REGION", "eu-west-1")]).expect("settings");
        assert_eq!((both.region.as_str(), both.opens_connection_early), ("eu-west-1", true));
        let one = read(&[("AWS_DEFAULT_REGION", "eu-west-2"), ("AWS_REGION", "")]).expect("settings");
        assert_eq!(one.region, "eu-west-2");
        assert_eq!(one.endpoint.origin.host, "lambda.eu-west-2.amazonaws.com");
    }

    #[test]
    fn missing_region_is_an_error() {
        assert_eq!(read(&[]).err().as_deref(), Some("no region: `AWS_REGION` is not set"));
        let error = read(&[("AWS_REGION", "x.evil\n")]).expect_err("no region");
        assert!(error.starts_with("`x.evil\\n` is not a valid region"), "{error}");
    }

    #[test]
    fn snapstart_opens_no_connection_early() {
        let frozen = read(&[("AWS_REGION", "r-1"), ("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")]);
        assert!(!frozen.expect("settings").opens_connection_early);
        let usual = read(&[("AWS_REGION", "r-1"), ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")]);
        assert!(usual.expect("settings").opens_connection_early);
    }
}
