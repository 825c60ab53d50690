//! Types that the other modules of the client share.

use std::fmt;

/// Reads an environment variable. A variable with an empty value counts as not set.
pub(crate) type EnvReader<'a> = &'a dyn Fn(&str) -> Option<String>;

/// AWS credentials that sign requests.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the secrets, because debug output is written to logs.
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}
