//! The three languages, and the tool that each of them is compared with.

/// The language of a called worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    Python,
    Node,
}

impl Language {
    pub(super) const ALL: [Self; 3] = [Self::Rust, Self::Python, Self::Node];

    /// The name of the language in tables.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::Node => "Node",
        }
    }

    /// The name of the called worker of this language.
    pub(super) fn worker(self) -> &'static str {
        match self {
            Self::Rust => "echo_rust",
            Self::Python => "echo_python",
            Self::Node => "echo_node",
        }
    }

    /// The tool that the worker is compared with, in the fastest mode of the tool.
    pub(super) fn peer(self) -> &'static str {
        match self {
            Self::Rust => "`cargo lambda watch --release`",
            Self::Python => "serverless-offline",
            Self::Node => "serverless-offline `--useInProcess`",
        }
    }
}
