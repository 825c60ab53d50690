//! The environment variables of workers: those of the app's settings, and those that Lambda sets for every function.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use bedrock_build::App;

/// Name and value of an environment variable.
type Variable = (String, String);

/// Variables that select a proxy. Programs read them in both spellings.
const PROXY_VARIABLES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The hosts of the local Lambda API, which no proxy can reach.
const LOCAL_HOSTS: &str = "127.0.0.1,localhost";
/// Variables of the user that a function on Lambda would not have.
pub const REMOVED_VARIABLES: [&str; 4] = ["AWS_PROFILE", "AWS_LAMBDA_RUNTIME_API", "AWS_EXECUTION_ENV", "NODE_OPTIONS"];

/// The variables that the settings of an app give its workers (`env`). Secrets are not part of them: their variables are
/// those of the same name in the environment of this program.
#[derive(Debug, Clone)]
pub(super) struct WorkerEnvironment {
    root: PathBuf,
    by_worker: OnceLock<HashMap<String, Vec<Variable>>>,
}

impl WorkerEnvironment {
    /// Returns the variables of an app whose settings have been read.
    pub(super) fn from_app(app: &App) -> Self {
        Self { root: app.root.clone(), by_worker: OnceLock::from(variables_by_worker(app)) }
    }

    /// Returns the variables of the app in this folder. Its settings are read when a worker needs them.
    pub(super) fn read_when_needed(root: PathBuf) -> Self {
        Self { root, by_worker: OnceLock::new() }
    }

    /// Returns the variables of a worker. None are returned if the settings cannot be read: the app was valid when it
    /// was compiled, so they are being edited.
    pub(super) fn of_worker(&self, worker: &str) -> &[Variable] {
        let read = || App::open(&self.root).map(|app| variables_by_worker(&app)).unwrap_or_default();
        self.by_worker.get_or_init(read).get(worker).map_or(&[], Vec::as_slice)
    }
}

fn variables_by_worker(app: &App) -> HashMap<String, Vec<Variable>> {
    let variables = |worker: &bedrock_build::Worker| worker.settings.environment.clone().into_iter().collect();
    app.workers.iter().map(|worker| (worker.name.to_string(), variables(worker))).collect()
}

/// Returns the variables of a function's process that do not depend on the invocation: `configured` and those that
/// Lambda sets. Managed runtimes set `AWS_EXECUTION_ENV`, the OS-only runtimes of Rust do not.
pub fn lambda_variables(runtime: &str, configured: impl IntoIterator<Item = Variable>) -> Vec<Variable> {
    build_variables(runtime, configured, |name| std::env::var(name).ok())
}

fn build_variables(
    runtime: &str,
    configured: impl IntoIterator<Item = Variable>,
    inherited: impl Fn(&str) -> Option<String>,
) -> Vec<Variable> {
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut all = vec![variable("LANG", "en_US.UTF-8"), variable("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR")];
    all.extend(configured);
    let value = |all: &[Variable], name: &str| {
        let configured = all.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        configured.or_else(|| inherited(name)).filter(|value| !value.is_empty())
    };
    if PROXY_VARIABLES.iter().any(|name| value(&all, name).is_some()) {
        let upper = value(&all, "NO_PROXY");
        let lower = value(&all, "no_proxy");
        let exceptions = [("NO_PROXY", upper.clone().or_else(|| lower.clone())), ("no_proxy", lower.or(upper))];
        for (name, hosts) in exceptions {
            all.push((name.to_owned(), hosts.map_or(LOCAL_HOSTS.to_owned(), |hosts| format!("{hosts},{LOCAL_HOSTS}"))));
        }
    }
    all.push(variable("TZ", ":UTC"));
    if !runtime.starts_with("provided") {
        all.push(("AWS_EXECUTION_ENV".to_owned(), format!("AWS_Lambda_{runtime}")));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{Variable, build_variables};
    use std::collections::HashMap;

    fn variables(runtime: &str, configured: &[(&str, &str)], inherited: &[(&str, &str)]) -> HashMap<String, String> {
        let owned = |pairs: &[(&str, &str)]| -> Vec<Variable> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let known: HashMap<String, String> = owned(inherited).into_iter().collect();
        build_variables(runtime, owned(configured), |name| known.get(name).cloned()).into_iter().collect()
    }

    #[test]
    fn variables_of_lambda_are_set_for_each_runtime() {
        let python = variables("python3.13", &[("MODE", "fast"), ("LANG", "C"), ("TZ", "Asia/Tokyo")], &[]);
        assert_eq!((&*python["MODE"], &*python["LANG"], &*python["TZ"]), ("fast", "C", ":UTC"));
        assert_eq!(python["AWS_EXECUTION_ENV"], "AWS_Lambda_python3.13");
        assert_eq!(python["AWS_XRAY_CONTEXT_MISSING"], "LOG_ERROR");
        assert!(!python.contains_key("NO_PROXY"));
        assert!(!variables("provided.al2023", &[], &[]).contains_key("AWS_EXECUTION_ENV"));
    }

    #[test]
    fn proxies_are_not_used_for_the_local_api() {
        let both = |variables: &HashMap<String, String>| [variables["NO_PROXY"].clone(), variables["no_proxy"].clone()];
        let with = |inherited: &[(&str, &str)]| both(&variables("nodejs24.x", &[], inherited));
        assert_eq!(with(&[("http_proxy", "x")]), ["127.0.0.1,localhost"; 2]);
        assert_eq!(with(&[("HTTPS_PROXY", "x"), ("NO_PROXY", "a,b")]), ["a,b,127.0.0.1,localhost"; 2]);
        assert_eq!(with(&[("ALL_PROXY", "x"), ("no_proxy", "a"), ("NO_PROXY", "")]), ["a,127.0.0.1,localhost"; 2]);
        let different = with(&[("all_proxy", "x"), ("no_proxy", "a"), ("NO_PROXY", "b")]);
        assert_eq!(different, ["b,127.0.0.1,localhost", "a,127.0.0.1,localhost"]);
        let configured = variables("nodejs24.x", &[("HTTP_PROXY", "x"), ("NO_PROXY", "c")], &[("NO_PROXY", "d")]);
        assert_eq!(both(&configured), ["c,127.0.0.1,localhost"; 2]);
    }
}
