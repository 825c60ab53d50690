//! The rules for names of apps, workers, endpoints and Lambda functions. Each kind of name is a type with one `parse`.

use std::fmt;

use heck::{ToSnakeCase, ToUpperCamelCase};

use crate::problem::Problem;

/// Lambda's limit for the name of a function, in characters (API model, `FunctionName`).
pub const MAX_FUNCTION_NAME_LENGTH: usize = 64;
/// The limit for names of workers, in characters: leaves space for `app-stage-` within [`MAX_FUNCTION_NAME_LENGTH`].
pub const MAX_WORKER_NAME_LENGTH: usize = 40;
/// The limit for names of apps, in characters, for the same reason.
pub const MAX_APP_NAME_LENGTH: usize = 30;
/// The limit for names of queues and buckets of an app, in characters, for the same reason. The resulting AWS names are
/// checked again at deployment, when the stage is known.
pub const MAX_QUEUE_NAME_LENGTH: usize = 40;
/// The limit for names of endpoints, in characters. Lambda has no such limit; it keeps file names readable.
pub const MAX_ENDPOINT_NAME_LENGTH: usize = 40;

/// Python modules that are compiled into the interpreter: Lambda rejects a handler module with such a name
/// (`Runtime.BuiltInModuleConflict`). This is the union of the CPython builds of 3.9 to 3.14.
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

/// Keywords, which cannot be the name of a Python package or a Rust crate.
const KEYWORDS: &[&str] = &[
    "abstract", "and", "as", "assert", "async", "await", "become", "box", "break", "class", "const", "continue",
    "crate", "def", "del", "do", "dyn", "elif", "else", "enum", "except", "extern", "false", "final", "finally", "fn",
    "for", "from", "gen", "global", "if", "impl", "import", "in", "is", "lambda", "let", "loop", "macro", "match",
    "mod", "move", "mut", "nonlocal", "not", "or", "override", "pass", "priv", "pub", "raise", "ref", "return", "self",
    "static", "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "with", "yield",
];

/// Crates and Python packages that a worker with the same name would shadow.
const RESERVED_MODULES: &[&str] = &["alloc", "bedrock", "core", "main", "proc_macro", "std", "test", "worker"];

/// The last part of the name of the endpoint's function: `my_app-dev-endpoint`.
const ENDPOINT_FUNCTION: &str = "endpoint";

/// The name of a worker, which is the name of its folder, in `snake_case`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerName(String);

impl WorkerName {
    /// Accepts a name that is valid as a folder, a Python identifier, a crate and part of an environment variable.
    pub fn parse(name: &str) -> Result<Self, Problem> {
        match validate_worker_name(name) {
            Ok(()) => Ok(Self(name.to_owned())),
            Err(reason) => {
                let suggestion = suggest_name(name, MAX_WORKER_NAME_LENGTH, "worker", validate_worker_name);
                Err(invalid_name("worker", name, &reason, suggestion))
            }
        }
    }

    /// Returns the name as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name of the worker's class or struct: `SystemFetcher` for `system_fetcher`.
    pub fn class_name(&self) -> String {
        self.0.to_upper_camel_case()
    }
}

impl fmt::Display for WorkerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an app, which is the name of its package: letters, digits, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppName(String);

impl AppName {
    /// Accepts a name that is valid as a cargo package and as the start of a Lambda function's name.
    pub fn parse(name: &str) -> Result<Self, Problem> {
        match validate_app_name(name) {
            Ok(()) => Ok(Self(name.to_owned())),
            Err(reason) => {
                let suggestion = suggest_name(name, MAX_APP_NAME_LENGTH, "app", validate_app_name);
                Err(invalid_name("app", name, &reason, suggestion))
            }
        }
    }

    /// Returns the name as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the environment variable that holds the ARN of `worker`: `MY_APP_WORKER_ARN_SYSTEM_FETCHER`.
    pub fn arn_variable(&self, worker: &WorkerName) -> String {
        format!("{}{}", self.arn_prefix(), worker.as_str().to_uppercase())
    }

    /// Returns the prefix of the names of all these variables: `MY_APP_WORKER_ARN_`.
    pub fn arn_prefix(&self) -> String {
        format!("{}_WORKER_ARN_", self.0.replace('-', "_").to_uppercase())
    }
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an endpoint, which is the name of its file in `src/endpoints/` and of its Rust module, in `snake_case`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointName(String);

impl EndpointName {
    /// Accepts the name of a Rust module that does not shadow a crate that every app uses.
    pub fn parse(name: &str) -> Result<Self, Problem> {
        match validate_endpoint_name(name) {
            Ok(()) => Ok(Self(name.to_owned())),
            Err(reason) => {
                let suggestion = suggest_name(name, MAX_ENDPOINT_NAME_LENGTH, "endpoint", validate_endpoint_name);
                Err(invalid_name("endpoint", name, &reason, suggestion))
            }
        }
    }

    /// Returns the name as a string.
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
    /// Returns the name of the function of `worker` in a stage: `my_app-dev-system_fetcher`.
    pub fn of_worker(app: &AppName, stage: &str, worker: &WorkerName) -> Result<Self, Problem> {
        Self::checked(&format!("{app}-{stage}-{worker}"))
    }

    /// Returns the name of the function of the endpoint in a stage: `my_app-dev-endpoint`.
    pub fn of_endpoint(app: &AppName, stage: &str) -> Result<Self, Problem> {
        Self::checked(&format!("{app}-{stage}-{ENDPOINT_FUNCTION}"))
    }

    /// Parses a function name, a partial ARN (`123456789012:function:name`) or a full ARN, with or without a qualifier.
    pub fn parse(target: &str) -> Result<Self, Problem> {
        let name = match target.split_once("function:") {
            Some((_, rest)) => rest.split(':').next().unwrap_or_default(),
            None if target.starts_with("arn:") => "",
            None => target.split(':').next().unwrap_or_default(),
        };
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > MAX_FUNCTION_NAME_LENGTH || !name.chars().all(legal) {
            return Err(Problem::new(format!("`{target}` is neither a function name nor the ARN of a function"))
                .help("use a name like `my_app-dev-resizer` or `arn:aws:lambda:REGION:ACCOUNT:function:NAME`"));
        }
        Ok(Self(name.to_owned()))
    }

    fn checked(name: &str) -> Result<Self, Problem> {
        let length = name.chars().count();
        if length > MAX_FUNCTION_NAME_LENGTH {
            return Err(Problem::new(format!(
                "the function name `{name}` is too long: {length} characters, the limit is {MAX_FUNCTION_NAME_LENGTH}"
            ))
            .help("shorten the name of the app, the stage or the worker"));
        }
        Ok(Self(name.to_owned()))
    }

    /// Returns the name as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the worker of `app` that this function belongs to, by the naming rule `app-stage-worker`.
    ///
    /// Names of workers contain no `-`, so the worker is the part after the last `-`. Any other name is returned
    /// unchanged: it may be the name of a worker.
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

/// Returns why `name` is not valid, as the end of a sentence that starts with "it".
fn validate_worker_name(name: &str) -> Result<(), String> {
    validate_snake_case(name, MAX_WORKER_NAME_LENGTH)?;
    if PYTHON_BUILTINS.contains(&name) {
        return Err("is a built-in Python module".to_owned());
    }
    if name == ENDPOINT_FUNCTION {
        return Err("is the name of the endpoint's function".to_owned());
    }
    validate_not_reserved(name)
}

fn validate_app_name(name: &str) -> Result<(), String> {
    validate_snake_case(&name.replace('-', "_"), MAX_APP_NAME_LENGTH)?;
    validate_not_reserved(name)
}

fn validate_endpoint_name(name: &str) -> Result<(), String> {
    validate_snake_case(name, MAX_ENDPOINT_NAME_LENGTH)?;
    validate_not_reserved(name)
}

fn validate_not_reserved(name: &str) -> Result<(), String> {
    if KEYWORDS.contains(&name) {
        Err("is a keyword of Rust or Python".to_owned())
    } else if RESERVED_MODULES.contains(&name) {
        Err("would shadow a crate or module with the same name".to_owned())
    } else {
        Ok(())
    }
}

fn validate_snake_case(name: &str, max_length: usize) -> Result<(), String> {
    let length = name.chars().count();
    if name.is_empty() {
        return Err("is empty".to_owned());
    }
    if length > max_length {
        return Err(format!("is too long: {length} characters, the limit is {max_length}"));
    }
    if let Some(c) = name.chars().find(|c| !c.is_ascii_lowercase() && !c.is_ascii_digit() && *c != '_') {
        return Err(match c {
            '-' => "contains `-`, which is not valid in names of modules and environment variables".to_owned(),
            c if c.is_ascii_uppercase() => "contains a capital letter".to_owned(),
            c if c.is_whitespace() => "contains a space".to_owned(),
            c => format!("contains `{}`", c.escape_debug()),
        });
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err("does not start with a letter".to_owned());
    }
    if name.ends_with('_') || name.contains("__") {
        return Err("has an `_` that is not between two letters or digits".to_owned());
    }
    Ok(())
}

/// Returns a valid name similar to `name`: the same name in `snake_case`, or with the suffix `_kind`.
fn suggest_name(name: &str, max_length: usize, kind: &str, validate: fn(&str) -> Result<(), String>) -> Option<String> {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect::<String>().to_snake_case();
    let plain = plain.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let plain = plain.chars().take(max_length).collect::<String>().trim_end_matches('_').to_owned();
    [plain.clone(), format!("{plain}_{kind}")].into_iter().find(|name| !plain.is_empty() && validate(name).is_ok())
}

fn invalid_name(kind: &str, name: &str, reason: &str, suggestion: Option<String>) -> Problem {
    let problem = Problem::new(format!("`{}` is not a valid {kind} name: it {reason}", name.escape_debug()));
    match suggestion {
        Some(suggestion) => problem.help(format!("try `{suggestion}`")),
        None => problem.help("use lower-case letters, digits and `_`, starting with a letter"),
    }
}

#[cfg(test)]
mod tests;
