//! The stages of `cargo xtask test`: in which order they run, which of them run at the same time, and what each needs.
//! Decides and starts nothing.

/// The tests of one language, or the documentation, for `--only`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestGroup {
    Rust,
    Python,
    JavaScript,
    Docs,
}

/// One stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Format,
    Setup,
    Deny,
    Build,
    Tidy,
    Pytest,
    NodeTests,
    Dashboard,
    Docs,
    Nextest,
    DocTests,
    Browser,
    Fuzz,
}

/// The stages of a lane run one after the other, and the two lanes at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// What compiles the workspace and runs its tests. Its output is printed as it comes.
    Foreground,
    /// What uses the time in which the foreground waits. The output of a stage is printed when the stage ends.
    Background,
}

impl Stage {
    /// No stage needs one that follows it in this list: the lanes cannot wait for each other forever.
    const ALL: [Self; 13] = [
        Self::Format,
        Self::Setup,
        Self::Deny,
        Self::Build,
        Self::Tidy,
        Self::Pytest,
        Self::NodeTests,
        Self::Dashboard,
        Self::Docs,
        Self::Nextest,
        Self::DocTests,
        Self::Browser,
        Self::Fuzz,
    ];

    /// The stages of a group, or all of them. Some are only in the nightly profile.
    pub(super) fn of(only: Option<TestGroup>, is_nightly: bool) -> Vec<Self> {
        let is_selected = |stage: &Self| only.is_none_or(|group| stage.groups().contains(&group));
        let is_in_profile = |stage: &Self| *stage != Self::Fuzz || is_nightly;
        Self::ALL.into_iter().filter(is_selected).filter(is_in_profile).collect()
    }

    fn groups(self) -> &'static [TestGroup] {
        match self {
            Self::Format | Self::Deny | Self::Build | Self::Tidy | Self::Nextest | Self::DocTests | Self::Fuzz => {
                &[TestGroup::Rust]
            }
            // The Rust tests need uv, what `testbed` starts and what checks deployed apps; the Python tests need pytest;
            // those in a browser need what drives it.
            Self::Setup => &[TestGroup::Rust, TestGroup::Python, TestGroup::JavaScript],
            Self::Pytest => &[TestGroup::Python],
            Self::NodeTests | Self::Dashboard | Self::Browser => &[TestGroup::JavaScript],
            Self::Docs => &[TestGroup::Docs],
        }
    }

    pub(super) fn lane(self) -> Lane {
        match self {
            Self::Format | Self::Build | Self::Nextest | Self::DocTests | Self::Fuzz => Lane::Foreground,
            _ => Lane::Background,
        }
    }

    /// The stages whose end it waits for, of those that run at all.
    pub(super) fn needs(self) -> &'static [Self] {
        match self {
            Self::Format | Self::Setup | Self::Build | Self::Tidy | Self::Dashboard => &[],
            Self::Deny | Self::Pytest | Self::NodeTests => &[Self::Setup],
            // Both would only slow down the compiler before.
            Self::Docs | Self::DocTests => &[Self::Build],
            // It uses all processors.
            Self::Fuzz => &[Self::Nextest, Self::Browser],
            Self::Nextest | Self::Browser => &[Self::Setup, Self::Build],
        }
    }

    /// What it is called in headings and in the report.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Format => "cargo fmt --all --check",
            Self::Setup => "cargo xtask setup",
            Self::Deny => "cargo deny check bans licenses sources",
            Self::Build => "cargo clippy and cargo build --workspace --all-targets",
            Self::Tidy => "cargo xtask tidy",
            Self::Pytest => "pytest bedrock-local/python/tests",
            Self::NodeTests => "node --test bedrock-local/javascript/test",
            Self::Dashboard => "npm test and npm run build in dashboard",
            Self::Docs => "RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps",
            Self::Nextest => "cargo nextest run --workspace",
            Self::DocTests => "cargo test --doc --workspace",
            Self::Browser => "node --test dashboard/browser",
            Self::Fuzz => "cargo fuzz run",
        }
    }

    /// The name of its files below `target/xtask`.
    pub(super) fn file_name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Setup => "setup",
            Self::Deny => "deny",
            Self::Build => "build",
            Self::Tidy => "tidy",
            Self::Pytest => "pytest",
            Self::NodeTests => "node",
            Self::Dashboard => "dashboard",
            Self::Docs => "docs",
            Self::Nextest => "nextest",
            Self::DocTests => "doctests",
            Self::Browser => "browser",
            Self::Fuzz => "fuzz",
        }
    }

    /// The interpreter without which it cannot run.
    pub(super) fn interpreter(self) -> Option<&'static str> {
        match self {
            Self::Setup | Self::Pytest => Some("python3"),
            Self::NodeTests | Self::Browser => Some("node"),
            Self::Dashboard => Some("npm"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_stages_run_without_only() {
        assert_eq!(Stage::of(None, true), Stage::ALL);
        assert!(!Stage::of(None, false).contains(&Stage::Fuzz));
    }

    #[test]
    fn stages_need_only_earlier_stages() {
        let position = |stage| Stage::ALL.iter().position(|other| *other == stage);
        for stage in Stage::ALL {
            for needed in stage.needs() {
                assert!(position(*needed) < position(stage), "{stage:?} needs {needed:?}");
            }
        }
    }

    #[test]
    fn only_python_sets_up_and_runs_pytest() {
        assert_eq!(Stage::of(Some(TestGroup::Python), true), [Stage::Setup, Stage::Pytest]);
    }

    #[test]
    fn every_stage_belongs_to_a_group() {
        assert!(Stage::ALL.iter().all(|stage| !stage.groups().is_empty()));
    }
}
