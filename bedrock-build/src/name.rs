//! Names: of apps, workers and Lambda functions. Each is a type of its own with one `parse`.

use std::fmt;

use heck::{ToSnakeCase, ToUpperCamelCase};

use crate::Problem;

/// Lambda's limit for the name of a function, in characters (API model, `FunctionName`).
pub const MAX_FUNCTION_NAME: usize = 64;
/// Longest worker name: leaves room for `app-stage-` within [`MAX_FUNCTION_NAME`].
pub const MAX_WORKER_NAME: usize = 40;
/// Longest app name, for the same reason.
pub const MAX_APP_NAME: usize = 30;
/// Longest name of a queue or bucket of an app, for the same reason; the names that AWS gets are checked once more with the stage.
pub const MAX_QUEUE_NAME: usize = 40;
/// Longest name of an endpoint. No rule of Lambda's: a file name that can still be read.
pub const MAX_ENDPOINT_NAME: usize = 40;

/// Python modules that are compiled into the interpreter: Lambda refuses a handler module of that
/// name (`Runtime.BuiltInModuleConflict`). The union over the CPython builds of 3.9 to 3.14.
const PYTHON_BUILTINS: &[&str] = &[
    "array",
    "atexit",
    "binascii",
    "builtins",
    "cmath",
    "errno",
    "faulthandler",
    "fcntl",
    "gc",
    "grp",
    "itertools",
    "marshal",
    "math",
    "mmap",
    "posix",
    "pwd",
    "pyexpat",
    "readline",
    "resource",
    "select",
    "spwd",
    "sys",
    "syslog",
    "termios",
    "time",
    "unicodedata",
    "xxsubtype",
    "zlib",
];

/// Words that cannot name a Python package or a Rust crate.
const KEYWORDS: &[&str] = &[
    "abstract", "and", "as", "assert", "async", "await", "become", "box", "break", "class", "const", "continue",
    "crate", "def", "del", "do", "dyn", "elif", "else", "enum", "except", "extern", "false", "final", "finally", "fn",
    "for", "from", "gen", "global", "if", "impl", "import", "in", "is", "lambda", "let", "loop", "macro", "match",
    "mod", "move", "mut", "nonlocal", "not", "or", "override", "pass", "priv", "pub", "raise", "ref", "return", "self",
    "static", "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "with", "yield",
];

/// Crates or Python packages that a worker of that name would hide.
const TAKEN: &[&str] = &["alloc", "bedrock", "core", "main", "proc_macro", "std", "test", "worker"];

/// What stands for the worker in the name of the endpoint's function: `my_app-dev-endpoint`.
const ENDPOINT: &str = "endpoint";

/// The name of a worker: the name of its folder, `snake_case`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerName(String);

impl WorkerName {
    /// Accepts a name that is a folder, a Python identifier, a crate and part of an environment variable all at once.
    pub fn parse(name: &str) -> Result<Self, Problem> {
        match worker_fault(name) {
            None => Ok(Self(name.to_owned())),
            Some(reason) => {
                Err(refuse("worker", name, &reason, propose(name, MAX_WORKER_NAME, "worker", worker_fault)))
            }
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the worker's class or struct: `system_fetcher` gives `SystemFetcher`.
    pub fn class_name(&self) -> String {
        self.0.to_upper_camel_case()
    }
}

impl fmt::Display for WorkerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an app: its package's name. Letters, digits, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppName(String);

impl AppName {
    /// Accepts what is a cargo package and the beginning of a Lambda function's name.
    pub fn parse(name: &str) -> Result<Self, Problem> {
        match app_fault(name) {
            None => Ok(Self(name.to_owned())),
            Some(reason) => Err(refuse("app", name, &reason, propose(name, MAX_APP_NAME, "app", app_fault))),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The environment variable that holds the ARN of `worker`: `MY_APP_WORKER_ARN_SYSTEM_FETCHER`.
    pub fn arn_variable(&self, worker: &WorkerName) -> String {
        format!("{}{}", self.arn_prefix(), worker.as_str().to_uppercase())
    }

    /// What the names of all those variables begin with: `MY_APP_WORKER_ARN_`.
    pub fn arn_prefix(&self) -> String {
        format!("{}_WORKER_ARN_", self.0.replace('-', "_").to_uppercase())
    }
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an endpoint: of its file below `src/endpoints/`, so of a Rust module, `snake_case`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointName(String);

impl EndpointName {
    /// Accepts a module's name that hides no crate which every app has.
    pub fn parse(name: &str) -> Result<Self, Problem> {
        match endpoint_fault(name) {
            None => Ok(Self(name.to_owned())),
            Some(reason) => {
                Err(refuse("endpoint", name, &reason, propose(name, MAX_ENDPOINT_NAME, "endpoint", endpoint_fault)))
            }
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EndpointName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a Lambda function, without account, region or qualifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionName(String);

impl FunctionName {
    /// The function that `worker` becomes in a stage: `my_app-dev-system_fetcher`.
    pub fn of_worker(app: &AppName, stage: &str, worker: &WorkerName) -> Result<Self, Problem> {
        Self::of(&format!("{app}-{stage}-{worker}"))
    }

    /// The function that the endpoint becomes in a stage: `my_app-dev-endpoint`.
    pub fn of_endpoint(app: &AppName, stage: &str) -> Result<Self, Problem> {
        Self::of(&format!("{app}-{stage}-{ENDPOINT}"))
    }

    /// Takes a function name, a partial ARN (`123456789012:function:name`) or a full ARN, with or without a qualifier.
    pub fn parse(target: &str) -> Result<Self, Problem> {
        let name = match target.split_once("function:") {
            Some((_, rest)) => rest.split(':').next().unwrap_or_default(),
            None if target.starts_with("arn:") => "",
            None => target.split(':').next().unwrap_or_default(),
        };
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > MAX_FUNCTION_NAME || !name.chars().all(legal) {
            return Err(Problem::new(format!("`{target}` is neither a function name nor the ARN of a function"))
                .help("use a name like `my_app-dev-resizer` or `arn:aws:lambda:REGION:ACCOUNT:function:NAME`"));
        }
        Ok(Self(name.to_owned()))
    }

    fn of(name: &str) -> Result<Self, Problem> {
        let length = name.chars().count();
        if length > MAX_FUNCTION_NAME {
            return Err(Problem::new(format!(
                "the function name `{name}` is too long: {length} characters, the limit is {MAX_FUNCTION_NAME}"
            ))
            .help("shorten the name of the app, the stage or the worker"));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The worker of `app` that this function is, by the naming rule `app-stage-worker`; a bare worker name counts too.
    ///
    /// Worker names have no `-`, so the worker is what follows the last one.
    pub fn worker_of(&self, app: &str) -> &str {
        match self.0.rsplit_once('-') {
            Some((before, worker)) if before == app || before.starts_with(&format!("{app}-")) => worker,
            _ => &self.0,
        }
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn worker_fault(name: &str) -> Option<String> {
    snake_case_fault(name, MAX_WORKER_NAME).or_else(|| {
        let builtin = PYTHON_BUILTINS.contains(&name).then(|| "is a module that is built into Python".to_owned());
        let endpoint = || (name == ENDPOINT).then(|| "is how the endpoint's own function is called".to_owned());
        builtin.or_else(endpoint).or_else(|| reserved_fault(name))
    })
}

fn app_fault(name: &str) -> Option<String> {
    snake_case_fault(&name.replace('-', "_"), MAX_APP_NAME).or_else(|| reserved_fault(name))
}

fn endpoint_fault(name: &str) -> Option<String> {
    snake_case_fault(name, MAX_ENDPOINT_NAME).or_else(|| reserved_fault(name))
}

fn reserved_fault(name: &str) -> Option<String> {
    if KEYWORDS.contains(&name) {
        Some("is a keyword of Rust or Python".to_owned())
    } else if TAKEN.contains(&name) {
        Some("would hide a crate or module of that name".to_owned())
    } else {
        None
    }
}

/// Why `name` is not `snake_case`, if it is not.
fn snake_case_fault(name: &str, max: usize) -> Option<String> {
    let length = name.chars().count();
    if name.is_empty() {
        return Some("is empty".to_owned());
    }
    if length > max {
        return Some(format!("is too long: {length} characters, the limit is {max}"));
    }
    if let Some(c) = name.chars().find(|c| !c.is_ascii_lowercase() && !c.is_ascii_digit() && *c != '_') {
        return Some(match c {
            '-' => "contains `-`, which modules and environment variables cannot have".to_owned(),
            c if c.is_ascii_uppercase() => "contains a capital letter".to_owned(),
            c if c.is_whitespace() => "contains a space".to_owned(),
            c => format!("contains `{}`", c.escape_debug()),
        });
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Some("does not begin with a letter".to_owned());
    }
    (name.ends_with('_') || name.contains("__")).then(|| "has an `_` that separates nothing".to_owned())
}

/// A name like `name` that has no `fault`: the same in `snake_case`, or that with `_what` behind it.
fn propose(name: &str, max: usize, what: &str, fault: fn(&str) -> Option<String>) -> Option<String> {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect::<String>().to_snake_case();
    let plain = plain.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let plain = plain.chars().take(max).collect::<String>().trim_end_matches('_').to_owned();
    [plain.clone(), format!("{plain}_{what}")].into_iter().find(|p| !plain.is_empty() && fault(p).is_none())
}

fn refuse(what: &str, name: &str, reason: &str, proposal: Option<String>) -> Problem {
    let problem = Problem::new(format!("`{}` cannot name {} {what}: it {reason}", name.escape_debug(), article(what)));
    match proposal {
        Some(proposal) => problem.help(format!("`{proposal}` would do")),
        None => problem.help("use lower-case letters, digits and `_`, beginning with a letter"),
    }
}

fn article(what: &str) -> &'static str {
    if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

#[cfg(test)]
mod tests;
