//! What the environment says about the service: region, endpoint, trust, credentials. Read once.

use std::path::PathBuf;

use super::credentials::Source;
use super::endpoint::{self, Endpoint};

/// An environment to read from. A variable that is empty counts as not set.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// All of it.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(super) region: String,
    pub(super) endpoint: Endpoint,
    /// Certificates to trust in place of the public ones, from `AWS_CA_BUNDLE`.
    pub(super) trust: Option<PathBuf>,
    pub(super) source: Source,
    /// Whether a connection that is opened before the first call is of use to it.
    pub(super) opens_early: bool,
}

impl Settings {
    /// Refuses what no call could be made with.
    pub(crate) fn read(env: Variables<'_>) -> Result<Self, String> {
        let env = &|name: &str| env(name).filter(|value| !value.is_empty());
        let region = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(env);
        let region = region.ok_or("no region: `AWS_REGION` is not set")?;
        if !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(format!(
                "`{}` is no region: it has other characters than letters, digits and `-`",
                region.escape_debug()
            ));
        }
        Ok(Self {
            endpoint: endpoint::of(&region, env)?,
            trust: env("AWS_CA_BUNDLE").map(PathBuf::from),
            source: Source::read(env)?,
            // What is opened before a snapshot is closed when it is restored.
            opens_early: env("AWS_LAMBDA_INITIALIZATION_TYPE").is_none_or(|kind| kind != "snap-start"),
            region,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    fn read(env: &[(&str, &str)]) -> Result<Settings, String> {
        let keys = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret")];
        Settings::read(&|wanted| {
            env.iter().chain(&keys).find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_region_is_lambdas_own_or_the_default() {
        let both = read(&[("AWS_DEFAULT_REGION", "eu-west-2"), ("AWS_REGION", "eu-west-1")]).expect("settings");
        assert_eq!((both.region.as_str(), both.opens_early), ("eu-west-1", true));
        let one = read(&[("AWS_DEFAULT_REGION", "eu-west-2"), ("AWS_REGION", "")]).expect("settings");
        assert_eq!(one.region, "eu-west-2");
        assert_eq!(one.endpoint.origin.host, "lambda.eu-west-2.amazonaws.com");
    }

    #[test]
    fn without_a_region_there_is_nobody_to_call() {
        assert_eq!(read(&[]).err().as_deref(), Some("no region: `AWS_REGION` is not set"));
        let error = read(&[("AWS_REGION", "x.evil\n")]).expect_err("no region");
        assert!(error.starts_with("`x.evil\\n` is no region"), "{error}");
    }

    #[test]
    fn nothing_is_opened_that_a_snapshot_would_freeze() {
        let frozen = read(&[("AWS_REGION", "r-1"), ("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")]);
        assert!(!frozen.expect("settings").opens_early);
        let usual = read(&[("AWS_REGION", "r-1"), ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")]);
        assert!(usual.expect("settings").opens_early);
    }
}
