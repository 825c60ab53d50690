//! What the deployment tells the program: the ARNs of the workers.

use std::collections::BTreeMap;
use std::sync::OnceLock;

static APP: OnceLock<&'static str> = OnceLock::new();
static CONFIG: OnceLock<Config> = OnceLock::new();

/// What the environment said when the program started. See [`config`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Worker name to ARN, from `[YOUR_APP]_WORKER_ARN_[YOUR_WORKER_NAME]`; names are lower case.
    pub workers: BTreeMap<String, String>,
}

/// The configuration of this process, read once.
///
/// ```no_run
/// let arn = bedrock::config().workers.get("system_fetcher");
/// ```
pub fn config() -> &'static Config {
    CONFIG.get_or_init(|| Config::read(APP.get().copied(), std::env::vars_os().filter_map(text)))
}

/// Remembers the app's name; the first one stays.
pub(crate) fn set_app(name: &'static str) {
    let _ = APP.set(name);
}

/// The app's name, if this program is an app or one of its workers.
#[cfg(any(bedrock_lambda, feature = "aws-sdk"))]
pub(crate) fn app() -> Option<&'static str> {
    APP.get().copied()
}

fn text((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.into_string().ok()?))
}

impl Config {
    /// Without an app's name (a program that is no app, a test) every `…_WORKER_ARN_…` counts.
    fn read(app: Option<&str>, variables: impl Iterator<Item = (String, String)>) -> Self {
        const INFIX: &str = "_WORKER_ARN_";
        let prefix = app.map(|app| format!("{}{INFIX}", app.replace('-', "_").to_uppercase()));
        let workers = variables
            .filter_map(|(name, value)| {
                let worker = match &prefix {
                    Some(prefix) => name.strip_prefix(prefix.as_str())?,
                    None => name.split_once(INFIX)?.1,
                };
                (!worker.is_empty()).then(|| (worker.to_lowercase(), value))
            })
            .collect();
        Self { workers }
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn workers_are_read_from_the_variables_of_this_app_alone() {
        let variables = [
            ("MY_APP_WORKER_ARN_SYSTEM_FETCHER", "arn:1"),
            ("OTHER_WORKER_ARN_RESIZER", "arn:2"),
            ("MY_APP_WORKER_ARN_", "arn:3"),
            ("PATH", "/bin"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = Config::read(Some("my-app"), variables.clone().into_iter());
        assert_eq!(config.workers.into_iter().collect::<Vec<_>>(), [("system_fetcher".to_owned(), "arn:1".to_owned())]);
        let all = Config::read(None, variables.into_iter());
        assert_eq!(all.workers.keys().collect::<Vec<_>>(), ["resizer", "system_fetcher"]);
    }
}
