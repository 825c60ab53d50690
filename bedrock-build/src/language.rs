//! The languages that workers can be written in, and the files by which a worker's language is recognized.

/// The language of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// `main.py`
    Python,
    /// `main.js`, `main.mjs` or `main.cjs`, and in TypeScript `main.ts`, `main.mts` or `main.cts`
    JavaScript,
    /// `Cargo.toml`
    Rust,
}

impl Language {
    /// All languages, in the order in which a worker's folder is searched for their entry files.
    pub const ALL: [Self; 3] = [Self::Python, Self::JavaScript, Self::Rust];

    /// Returns `python`, `javascript` or `rust`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::Rust => "rust",
        }
    }

    /// Parses the text that [`Language::as_str`] returns.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.as_str() == text)
    }

    /// Returns whether a file is written in TypeScript, which has the runtimes and the rules of JavaScript.
    pub fn is_typescript(file: &str) -> bool {
        [".ts", ".mts", ".cts"].iter().any(|extension| file.ends_with(extension))
    }

    /// Returns the entry files of this language. One of them makes a folder a worker.
    pub(crate) fn entry_files(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["main.py"],
            Self::JavaScript => &["main.js", "main.mjs", "main.cjs", "main.ts", "main.mts", "main.cts"],
            Self::Rust => &["Cargo.toml"],
        }
    }
}
