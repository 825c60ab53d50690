//! Lambda's runtimes: the runtimes for each language, their C library, and the end of their support.

use crate::edit_distance::suggest;
use crate::language::Language;
use crate::problem::Problem;

/// A Lambda runtime, for example `python3.13`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runtime {
    /// Lambda's identifier.
    pub id: &'static str,
    /// The language of the workers that use it.
    pub language: Language,
    /// The version of the C library in its base image: 2.34 in AL2023, 2.26 in AL2.
    pub glibc: (u32, u32),
    /// The day from which Lambda blocks the creation of functions, `YYYY-MM-DD` (cfn-lint's list of lifecycles,
    /// November 2026).
    pub blocked_from: &'static str,
}

const fn runtime(id: &'static str, language: Language, glibc: (u32, u32), blocked_from: &'static str) -> Runtime {
    Runtime { id, language, glibc, blocked_from }
}

const AL2023: (u32, u32) = (2, 34);
const AL2: (u32, u32) = (2, 26);

/// All supported runtimes, with the default of each language first.
const RUNTIMES: &[Runtime] = &[
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
    /// Returns the runtime of workers in `language` whose settings have no `runtime`.
    pub fn default_of(language: Language) -> Self {
        match language {
            Language::Rust => RUNTIMES[0],
            Language::Python => RUNTIMES[2],
            Language::JavaScript => RUNTIMES[7],
        }
    }

    /// Returns the runtime with the identifier `id`, which must be a runtime for `language`.
    pub fn parse(id: &str, language: Language) -> Result<Self, Problem> {
        let of_language = || RUNTIMES.iter().filter(|known| known.language == language);
        if let Some(known) = of_language().find(|known| known.id == id) {
            return Ok(*known);
        }
        let problem = match RUNTIMES.iter().find(|known| known.id == id) {
            Some(other) => Problem::new(format!(
                "the runtime `{id}` is for {} workers, but this worker is written in {}",
                other.language.as_str(),
                language.as_str()
            )),
            None => Problem::new(format!("no runtime named `{id}`")),
        };
        let problem = match suggest(id, of_language().map(|known| known.id)) {
            Some(similar) => problem.help(format!("a runtime with a similar name exists: `{similar}`")),
            None => problem,
        };
        let list = of_language().map(|known| format!("`{}`", known.id)).collect::<Vec<_>>().join(", ");
        Err(problem.help(format!("the runtimes for {} are {list}", language.as_str())))
    }

    /// Returns whether Lambda supports SnapStart for it (AWS documentation: Python from 3.12 on).
    pub fn has_snap_start(self) -> bool {
        self.language == Language::Python && !["python3.10", "python3.11"].contains(&self.id)
    }

    /// Returns the version of the language: `3.13` for `python3.13`, `24` for `nodejs24.x`, `None` for `provided.*`.
    pub fn version(self) -> Option<&'static str> {
        self.id.strip_prefix("python").or_else(|| self.id.strip_prefix("nodejs")?.strip_suffix(".x"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_runtime_belongs_to_its_language() {
        for language in [Language::Rust, Language::Python, Language::JavaScript] {
            let default = Runtime::default_of(language);
            assert_eq!(Runtime::parse(default.id, language), Ok(default));
        }
        assert_eq!(Runtime::default_of(Language::Python).version(), Some("3.13"));
        assert_eq!(Runtime::default_of(Language::JavaScript).version(), Some("24"));
        assert_eq!(Runtime::default_of(Language::Rust).version(), None);
    }

    #[test]
    fn parse_distinguishes_other_languages_from_misspellings() {
        let other = Runtime::parse("nodejs24.x", Language::Python).expect_err("other language");
        assert_eq!(
            other.message,
            "the runtime `nodejs24.x` is for javascript workers, but this worker is written in python"
        );
        let misspelled = Runtime::parse("python3.31", Language::Python).expect_err("misspelled");
        assert_eq!(misspelled.message, "no runtime named `python3.31`");
        assert_eq!(misspelled.help[0], "a runtime with a similar name exists: `python3.11`");
    }
}
