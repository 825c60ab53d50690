//! Lambda's runtimes: the runtimes for each language, their C library, and the end of their support. The list is in
//! `runtimes.txt`. A runtime that is newer than the list is accepted with a warning.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, PoisonError};

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
    /// The end of its support. `None` if AWS has not announced it, or if the runtime is not in the list.
    pub lifecycle: Option<RuntimeLifecycle>,
}

/// The days of the end of a runtime, `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuntimeLifecycle {
    /// From when on the runtime gets no security updates.
    pub deprecated_from: &'static str,
    /// From when on Lambda refuses to create functions.
    pub creation_blocked_from: &'static str,
    /// From when on Lambda refuses to update functions.
    pub update_blocked_from: &'static str,
}

/// The text of the list: one runtime in a line, with the default of each language first.
const LIST: &str = include_str!("runtimes.txt");
/// The C library of the base image of newer runtimes, Amazon Linux 2023.
const NEWEST_GLIBC: (u32, u32) = (2, 34);

static RUNTIMES: LazyLock<Vec<Runtime>> = LazyLock::new(|| LIST.lines().filter_map(parse_line).collect());
/// Identifiers of runtimes that are not in the list. They live as long as the program, like those of the list.
static OTHER_IDS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// Returns `None` for a comment.
fn parse_line(line: &'static str) -> Option<Runtime> {
    let line = line.split('#').next().unwrap_or_default();
    let mut words = line.split_whitespace();
    let id = words.next()?;
    let language = words.next()?;
    let language = *LANGUAGES.iter().find(|known| known.as_str() == language)?;
    let (major, minor) = words.next()?.split_once('.')?;
    let glibc = (major.parse().ok()?, minor.parse().ok()?);
    let mut dates = words.filter(|date| *date != "-");
    let lifecycle = dates.next().and_then(|deprecated_from| {
        Some(RuntimeLifecycle {
            deprecated_from,
            creation_blocked_from: dates.next()?,
            update_blocked_from: dates.next()?,
        })
    });
    Some(Runtime { id, language, glibc, lifecycle })
}

const LANGUAGES: [Language; 3] = [Language::Rust, Language::Python, Language::JavaScript];

impl Runtime {
    /// Returns the runtime of workers in `language` whose settings have no `runtime`.
    pub fn default_of(language: Language) -> Self {
        let default = RUNTIMES.iter().find(|known| known.language == language);
        // The list has a runtime for each language; a test checks it.
        default.copied().unwrap_or_else(|| Self::newer("", language))
    }

    /// Returns all runtimes of the list.
    pub fn all() -> &'static [Self] {
        &RUNTIMES
    }

    /// Returns the runtime with the identifier `id`, of any language. `None` if it is not a name of a runtime for workers.
    pub fn find(id: &str) -> Option<Self> {
        let known = RUNTIMES.iter().find(|known| known.id == id).copied();
        known.or_else(|| {
            LANGUAGES.into_iter().find(|language| is_name_of(*language, id)).map(|language| Self::newer(id, language))
        })
    }

    /// Returns the runtime with the identifier `id`, which must be a runtime for `language`. It need not be in the list: AWS
    /// adds runtimes more often than this list is changed.
    pub fn parse(id: &str, language: Language) -> Result<Self, Problem> {
        let of_language = || RUNTIMES.iter().filter(|known| known.language == language);
        let problem = match Self::find(id) {
            Some(found) if found.language == language => return Ok(found),
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
        let mut ids: Vec<&str> = of_language().map(|known| known.id).collect();
        // Newest first; `python3.9` is older than `python3.10`.
        ids.sort_by_key(|id| Reverse((id.len(), *id)));
        let list = ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        Err(problem.help(format!("the runtimes for {} are {list}", language.as_str())))
    }

    /// Returns whether Lambda supports SnapStart for it (AWS documentation: Python from 3.12 on).
    pub fn has_snap_start(self) -> bool {
        self.language == Language::Python && !["python3.10", "python3.11"].contains(&self.id)
    }

    /// Returns whether Lambda has durable functions for it (AWS documentation, "Supported runtimes for durable functions":
    /// Python from 3.13 on, Node.js from 22 on; README of `aws-durable-execution-sdk`: Rust on `provided.al2023`).
    pub fn has_durable_functions(self) -> bool {
        let older = ["python3.10", "python3.11", "python3.12", "nodejs20.x", "provided.al2"];
        !older.contains(&self.id)
    }

    /// A runtime that is not in the list.
    fn newer(id: &str, language: Language) -> Self {
        let mut ids = OTHER_IDS.lock().unwrap_or_else(PoisonError::into_inner);
        let known = ids.get(id).copied();
        let id = known.unwrap_or_else(|| {
            let id: &'static str = Box::leak(Box::from(id));
            ids.insert(id);
            id
        });
        Self { id, language, glibc: NEWEST_GLIBC, lifecycle: None }
    }

    /// Returns what users should know of the runtime on the day `today`, `YYYY-MM-DD`: that it is deprecated, or not in the
    /// list.
    pub fn warning(self, today: &str) -> Option<String> {
        let id = self.id;
        if !RUNTIMES.contains(&self) {
            return Some(format!("this version does not know the runtime `{id}`, so Lambda may refuse it"));
        }
        let lifecycle = self.lifecycle?;
        let RuntimeLifecycle { deprecated_from, creation_blocked_from, update_blocked_from } = lifecycle;
        if today < deprecated_from {
            return None;
        }
        let default = Self::default_of(self.language).id;
        Some(format!(
            "the runtime `{id}` is deprecated since {deprecated_from}: Lambda refuses to create functions with it from \
             {creation_blocked_from} on, and to update them from {update_blocked_from} on; the default is `{default}`"
        ))
    }

    /// Returns the version of the language: `3.13` for `python3.13`, `24` for `nodejs24.x`, `None` for `provided.*`.
    pub fn version(self) -> Option<&'static str> {
        self.id.strip_prefix("python").or_else(|| self.id.strip_prefix("nodejs")?.strip_suffix(".x"))
    }
}

/// Returns whether AWS may call a runtime of `language` by this name, for example `python3.16`.
fn is_name_of(language: Language, id: &str) -> bool {
    let number = match language {
        Language::Rust => id.strip_prefix("provided.al"),
        Language::Python => id.strip_prefix("python3."),
        Language::JavaScript => id.strip_prefix("nodejs").and_then(|rest| rest.strip_suffix(".x")),
    };
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_runtime_belongs_to_its_language() {
        for language in LANGUAGES {
            let default = Runtime::default_of(language);
            assert_eq!(Runtime::parse(default.id, language), Ok(default));
        }
        assert_eq!(Runtime::default_of(Language::Python).version(), Some("3.13"));
        assert_eq!(Runtime::default_of(Language::JavaScript).version(), Some("24"));
        assert_eq!(Runtime::default_of(Language::Rust).version(), None);
    }

    #[test]
    fn durable_functions_need_the_runtimes_of_aws_list() {
        let durable = Runtime::all().iter().filter(|runtime| runtime.has_durable_functions());
        let ids: Vec<&str> = durable.map(|runtime| runtime.id).collect();
        assert_eq!(
            ids,
            ["provided.al2023", "python3.13", "python3.15", "python3.14", "nodejs24.x", "nodejs26.x", "nodejs22.x"]
        );
        assert!(Runtime::find("python3.16").is_some_and(Runtime::has_durable_functions));
    }

    #[test]
    fn every_line_of_the_list_is_a_runtime() {
        let lines = LIST.lines().filter(|line| !line.starts_with('#'));
        let ids: Vec<&str> = lines.filter_map(|line| line.split(' ').next()).collect();
        let read: Vec<&str> = Runtime::all().iter().map(|runtime| runtime.id).collect();
        assert_eq!(read, ids);
        for Runtime { id, language, lifecycle, .. } in Runtime::all() {
            assert!(is_name_of(*language, id), "{id}");
            let Some(days) = lifecycle else { continue };
            let days = [days.deprecated_from, days.creation_blocked_from, days.update_blocked_from];
            assert!(days.is_sorted() && days.iter().all(|day| day.len() == 10), "{id}");
        }
    }

    #[test]
    fn parse_distinguishes_other_languages_from_misspellings() {
        for id in ["nodejs24.x", "nodejs99.x"] {
            let other = Runtime::parse(id, Language::Python).expect_err("other language");
            assert_eq!(
                other.message,
                format!("the runtime `{id}` is for javascript workers, but this worker is written in python")
            );
        }
        for id in ["python3,13", "python313", "python3.", "python3.13.1", "nodejs24", "provided", "java25"] {
            let misspelled = Runtime::parse(id, Language::Python).expect_err("misspelled");
            assert_eq!(misspelled.message, format!("no runtime named `{id}`"));
        }
        let misspelled = Runtime::parse("python3,13", Language::Python).expect_err("misspelled");
        assert_eq!(misspelled.help[0], "a runtime with a similar name exists: `python3.13`");
    }

    #[test]
    fn newer_runtime_is_accepted_with_a_warning() {
        let newer = Runtime::parse("python3.99", Language::Python).expect("a newer runtime");
        assert_eq!((newer.version(), newer.glibc, newer.lifecycle), (Some("3.99"), (2, 34), None));
        assert_eq!(Runtime::parse("python3.99", Language::Python), Ok(newer));
        let warning = "this version does not know the runtime `python3.99`, so Lambda may refuse it";
        assert_eq!(newer.warning("2026-11-29").as_deref(), Some(warning));
    }

    #[test]
    fn deprecated_runtime_has_a_warning_from_that_day_on() {
        let runtime = Runtime::find("python3.10").expect("known");
        assert_eq!(runtime.warning("2026-10-30"), None);
        let warning = "the runtime `python3.10` is deprecated since 2026-10-31: Lambda refuses to create functions with it from \
                       2027-02-01 on, and to update them from 2027-03-03 on; the default is `python3.13`";
        assert_eq!(runtime.warning("2026-10-31").as_deref(), Some(warning));
        // These have no dates yet.
        for id in ["python3.15", "nodejs26.x"] {
            assert_eq!(Runtime::find(id).and_then(|runtime| runtime.warning("2099-01-01")), None, "{id}");
        }
    }
}
