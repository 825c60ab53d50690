//! Which checks there are, in order, and what each needs of the machine. Decides and starts nothing.

/// One half of the house, for `--only`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Rust,
    Python,
    JavaScript,
    Docs,
}

/// One check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    Format,
    Clippy,
    Tidy,
    Setup,
    Nextest,
    DocTests,
    Pytest,
    NodeTests,
    Dashboard,
    Browser,
    Docs,
}

impl Check {
    const ALL: [Self; 11] = [
        Self::Format,
        Self::Clippy,
        Self::Tidy,
        Self::Setup,
        Self::Nextest,
        Self::DocTests,
        Self::Pytest,
        Self::NodeTests,
        Self::Dashboard,
        Self::Browser,
        Self::Docs,
    ];

    /// The checks of a group, or all of them, in the order in which they run.
    pub(super) fn of(only: Option<Group>) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |check| only.is_none_or(|group| check.groups().contains(&group)))
    }

    fn groups(self) -> &'static [Group] {
        match self {
            Self::Format | Self::Clippy | Self::Tidy | Self::Nextest | Self::DocTests => &[Group::Rust],
            // The Rust tests need uv, what `testbed` starts and what checks deployed apps; the Python tests pytest; those in a
            // browser what drives it.
            Self::Setup => &[Group::Rust, Group::Python, Group::JavaScript],
            Self::Pytest => &[Group::Python],
            Self::NodeTests | Self::Dashboard | Self::Browser => &[Group::JavaScript],
            Self::Docs => &[Group::Docs],
        }
    }

    /// What it is called in headings and in the report.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Format => "cargo fmt --all --check",
            Self::Clippy => "cargo clippy --workspace --all-targets -- -D warnings",
            Self::Tidy => "cargo xtask tidy",
            Self::Setup => "cargo xtask setup",
            Self::Nextest => "cargo nextest run --workspace",
            Self::DocTests => "cargo test --doc --workspace",
            Self::Pytest => "pytest bedrock-rt/python/tests",
            Self::NodeTests => "node --test bedrock-rt/javascript/test",
            Self::Dashboard => "npm test and npm run build in dashboard",
            Self::Browser => "node --test dashboard/browser",
            Self::Docs => "RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps --workspace",
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
    fn without_only_every_check_runs_and_tools_are_set_up_before_the_tests_that_need_them() {
        let all: Vec<_> = Check::of(None).collect();
        assert_eq!(all, Check::ALL);
        let at = |check| all.iter().position(|other| *other == check);
        assert!(at(Check::Setup) < at(Check::Nextest) && at(Check::Setup) < at(Check::Pytest));
    }

    #[test]
    fn only_python_sets_up_and_runs_pytest() {
        assert_eq!(Check::of(Some(Group::Python)).collect::<Vec<_>>(), [Check::Setup, Check::Pytest]);
    }

    #[test]
    fn every_check_belongs_to_a_group() {
        assert!(Check::ALL.iter().all(|check| !check.groups().is_empty()));
    }
}
