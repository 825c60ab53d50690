//! The configuration that a deployment sets: the ARNs of the workers.

use std::collections::BTreeMap;
use std::sync::OnceLock;

static APP: OnceLock<&'static str> = OnceLock::new();
static CONFIG: OnceLock<Config> = OnceLock::new();

/// The configuration in the environment variables of this process. See [`config`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The ARNs of the workers by name, from the variables `[YOUR_APP]_WORKER_ARN_[YOUR_WORKER_NAME]`. Names are lower
    /// case.
    pub workers: BTreeMap<String, String>,
}

/// Returns the configuration of this process, which is read once.
///
/// ```no_run
/// let arn = bedrock::config().workers.get("system_fetcher");
/// ```
pub fn config() -> &'static Config {
    CONFIG.get_or_init(|| Config::read(APP.get().copied(), unicode_variables()))
}

/// Sets the app's name. Only the first call has an effect.
pub(crate) fn set_app(name: &'static str) {
    let _ = APP.set(name);
}

/// Returns the app's name. `None` if this program is not an app or one of its workers.
#[cfg(any(bedrock_lambda, feature = "aws-sdk"))]
pub(crate) fn app() -> Option<&'static str> {
    APP.get().copied()
}

/// Returns the environment variables that are valid Unicode.
fn unicode_variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

impl Config {
    /// Reads the variables of `app`. Without an app's name (in a test, or a program that is not an app) it reads every
    /// `…_WORKER_ARN_…`.
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
    fn config_reads_only_the_variables_of_its_app() {
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
