//! The instruction set architectures that Lambda offers, and what other tools call them.

/// The instruction set architecture of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Architecture {
    /// Intel and AMD. This is Lambda's own default.
    #[default]
    X86_64,
    /// AWS Graviton.
    Arm64,
}

impl Architecture {
    /// Both architectures.
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Arm64];

    /// Returns Lambda's name: `x86_64` or `arm64`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// Returns the name that compilers and Python's platform tags use: `x86_64` or `aarch64`.
    pub fn machine(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }

    /// Returns the name that Node.js and npm use: `x64` or `arm64`.
    pub fn node(self) -> &'static str {
        match self {
            Self::X86_64 => "x64",
            Self::Arm64 => "arm64",
        }
    }

    /// Parses the text that [`Architecture::as_str`] returns.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|architecture| architecture.as_str() == text)
    }
}
