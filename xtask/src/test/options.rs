//! What `cargo xtask test` was asked to run.

use super::stage::TestGroup;

/// Options of a test run.
#[derive(Debug, Clone)]
pub(crate) struct TestOptions {
    /// Only the tests of this group.
    pub(crate) only: Option<TestGroup>,
    pub(crate) profile: Profile,
    /// Whether to print where the time went.
    pub(crate) has_timings: bool,
    /// Further arguments of `cargo nextest run`.
    pub(crate) nextest: Vec<String>,
}

/// How thorough the tests are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// For every push.
    Push,
    /// With the variants of tests that only repeat more often or compile for release, and with time limits for each test.
    Nightly,
}

impl Profile {
    /// Its name in `.config/nextest.toml`. Tests read it from the variable `NEXTEST_PROFILE`.
    pub(super) fn nextest(self) -> &'static str {
        match self {
            Self::Push => "default",
            Self::Nightly => "nightly",
        }
    }
}
