//! The three languages, and who is compared with whom.

/// Of a called worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    Python,
    Node,
}

impl Language {
    pub(super) const ALL: [Self; 3] = [Self::Rust, Self::Python, Self::Node];

    /// As it is written.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::Node => "Node",
        }
    }

    /// The worker of our app.
    pub(super) fn worker(self) -> &'static str {
        match self {
            Self::Rust => "echo_rust",
            Self::Python => "echo_python",
            Self::Node => "echo_node",
        }
    }

    /// What ours is held against, in its best mode.
    pub(super) fn peer(self) -> &'static str {
        match self {
            Self::Rust => "`cargo lambda watch --release`",
            Self::Python => "serverless-offline",
            Self::Node => "serverless-offline `--useInProcess`",
        }
    }
}
