//! Lambda's runtimes: which there are for a language, what their base image brings, and until when functions can be made.

use crate::near::nearest;
use crate::{Language, Problem};

/// One of Lambda's runtimes, for example `python3.13`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runtime {
    /// Lambda's identifier.
    pub id: &'static str,
    /// The language whose workers run on it.
    pub language: Language,
    /// Version of the C library in its base image: AL2023 has 2.34, AL2 has 2.26.
    pub glibc: (u32, u32),
    /// Functions cannot be made any more from this day on, `YYYY-MM-DD` (cfn-lint's list of lifecycles, November 2026).
    pub blocked_from: &'static str,
}

const fn runtime(id: &'static str, language: Language, glibc: (u32, u32), blocked_from: &'static str) -> Runtime {
    Runtime { id, language, glibc, blocked_from }
}

const AL2023: (u32, u32) = (2, 34);
const AL2: (u32, u32) = (2, 26);

/// All that this version knows, the default of each language first.
const KNOWN: &[Runtime] = &[
    runtime("provided.al2023", Language::Rust, AL2023, "2029-07-31"),
    runtime("provided.al2", Language::Rust, AL2, "2027-02-01"),
    runtime("python3.13", Language::Python, AL2023, "2029-07-31"),
    runtime("python3.14", Language::Python, AL2023, "2029-07-31"),
    runtime("python3.12", Language::Python, AL2023, "2028-11-30"),
    runtime("python3.11", Language::Python, AL2, "2027-07-31"),
    runtime("python3.10", Language::Python, AL2, "2027-02-01"),
    runtime("nodejs24.x", Language::JavaScript, AL2023, "2028-06-01"),
    runtime("nodejs22.x", Language::JavaScript, AL2023, "2027-06-01"),
    runtime("nodejs20.x", Language::JavaScript, AL2023, "2027-02-01"),
];

impl Runtime {
    /// What a worker of `language` runs on unless its settings say otherwise.
    pub fn default_of(language: Language) -> Self {
        match language {
            Language::Rust => KNOWN[0],
            Language::Python => KNOWN[2],
            Language::JavaScript => KNOWN[7],
        }
    }

    /// The runtime called `id`, which must be one of `language`.
    pub fn parse(id: &str, language: Language) -> Result<Self, Problem> {
        let of_language = || KNOWN.iter().filter(|known| known.language == language);
        if let Some(known) = of_language().find(|known| known.id == id) {
            return Ok(*known);
        }
        let problem = match KNOWN.iter().find(|known| known.id == id) {
            Some(other) => Problem::new(format!(
                "the runtime `{id}` is for {} workers, this one is written in {}",
                other.language.as_str(),
                language.as_str()
            )),
            None => Problem::new(format!("no runtime named `{id}`")),
        };
        let problem = match nearest(id, of_language().map(|known| known.id)) {
            Some(near) => problem.help(format!("a runtime with a similar name exists: `{near}`")),
            None => problem,
        };
        let list = of_language().map(|known| format!("`{}`", known.id)).collect::<Vec<_>>().join(", ");
        Err(problem.help(format!("the runtimes for {} are {list}", language.as_str())))
    }

    /// The version of the language: `3.13` of `python3.13`, `24` of `nodejs24.x`; nothing for `provided.*`.
    pub fn version(self) -> Option<&'static str> {
        self.id.strip_prefix("python").or_else(|| self.id.strip_prefix("nodejs")?.strip_suffix(".x"))
    }
}

/// The processor a function runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Architecture {
    /// Intel and AMD. Lambda's own default.
    #[default]
    X86_64,
    /// Graviton.
    Arm64,
}

impl Architecture {
    /// Both.
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Arm64];

    /// Lambda's word: `x86_64` or `arm64`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// The word of compilers and of Python's platform tags: `x86_64` or `aarch64`.
    pub fn machine(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }

    /// The word of Node and npm: `x64` or `arm64`.
    pub fn node(self) -> &'static str {
        match self {
            Self::X86_64 => "x64",
            Self::Arm64 => "arm64",
        }
    }

    /// The reverse of [`Architecture::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|architecture| architecture.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_of_a_language_is_a_runtime_of_it() {
        for language in [Language::Rust, Language::Python, Language::JavaScript] {
            let default = Runtime::default_of(language);
            assert_eq!(Runtime::parse(default.id, language), Ok(default));
        }
        assert_eq!(Runtime::default_of(Language::Python).version(), Some("3.13"));
        assert_eq!(Runtime::default_of(Language::JavaScript).version(), Some("24"));
        assert_eq!(Runtime::default_of(Language::Rust).version(), None);
    }

    #[test]
    fn a_runtime_of_another_language_and_a_misspelt_one_are_told_apart() {
        let other = Runtime::parse("nodejs24.x", Language::Python).expect_err("other language");
        assert_eq!(other.message, "the runtime `nodejs24.x` is for javascript workers, this one is written in python");
        let misspelt = Runtime::parse("python3.31", Language::Python).expect_err("misspelt");
        assert_eq!(misspelt.message, "no runtime named `python3.31`");
        assert_eq!(misspelt.help[0], "a runtime with a similar name exists: `python3.11`");
    }
}
