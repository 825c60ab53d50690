//! How AWS is reached, as the user said it; what was not said comes from the environment and the user's profiles.

/// Of `--profile`, `--region` and `--endpoint-url`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    pub(crate) profile: Option<String>,
    pub(crate) region: Option<String>,
    /// An address that stands for all of AWS.
    pub(crate) endpoint_url: Option<String>,
}
