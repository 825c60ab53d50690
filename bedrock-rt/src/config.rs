//! The configuration that a deployment sets: the ARNs of the workers, and the resources that the function uses.

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
    /// The resources that the setting `uses` lists.
    pub resources: Resources,
}

/// The resources that a function uses, by their kinds and names in the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources(BTreeMap<String, String>);

/// The kinds of resources, and the words for them in names of variables.
const KINDS: [(&str, &str); 10] = [
    ("table", "TABLE"),
    ("bucket", "BUCKET"),
    ("queue", "QUEUE_URL"),
    ("topic", "TOPIC_ARN"),
    ("bus", "BUS"),
    ("stream", "STREAM"),
    ("secret", "SECRET"),
    ("parameter", "PARAMETER"),
    ("key", "KEY_ARN"),
    ("function", "FUNCTION_ARN"),
];

impl Resources {
    /// Returns how the AWS SDK names a resource: the name of a table or bucket, the URL of a queue, the ARN of a topic.
    /// `kind` and `name` are those of the setting `uses`. `None` if it does not list the resource.
    ///
    /// ```no_run
    /// let table = bedrock::config().resources.get("table", "orders");
    /// ```
    #[must_use]
    pub fn get(&self, kind: &str, name: &str) -> Option<&str> {
        let (_, word) = KINDS.iter().find(|(known, _)| *known == kind)?;
        let name =
            if name.starts_with("arn:") { name.rsplit([':', '/']).next()? } else { name.trim_start_matches('/') };
        self.0.get(&variable_part(&format!("{word}_{name}"))).map(String::as_str)
    }
}

/// Returns text as it is in names of variables.
fn variable_part(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
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
        let variables: Vec<(String, String)> = variables.collect();
        let app_prefix = app.map(|app| variable_part(&format!("{app}_")));
        let is_resource = |name: &str| KINDS.iter().any(|(_, word)| name.starts_with(&format!("{word}_")));
        let resource = |(name, value): &(String, String)| {
            let name = name.strip_prefix(app_prefix.as_deref()?).filter(|name| is_resource(name))?;
            Some((name.to_owned(), value.clone()))
        };
        let resources = Resources(variables.iter().filter_map(resource).collect());
        let workers = variables
            .into_iter()
            .filter_map(|(name, value)| {
                let worker = match &prefix {
                    Some(prefix) => name.strip_prefix(prefix.as_str())?,
                    None => name.split_once(INFIX)?.1,
                };
                (!worker.is_empty()).then(|| (worker.to_lowercase(), value))
            })
            .collect();
        Self { workers, resources }
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

    #[test]
    fn resources_are_found_by_kind_and_name() {
        let variables = [
            ("MY_APP_TABLE_ORDERS", "my-app-prod-orders"),
            ("MY_APP_QUEUE_URL_BIG_JOBS", "https://jobs"),
            ("MY_APP_PARAMETER_SHOP_FLAGS", "/shop/flags"),
            ("MY_APP_MODE", "fast"),
            ("OTHER_TABLE_ORDERS", "theirs"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = Config::read(Some("my-app"), variables.clone().into_iter());
        let resources = &config.resources;
        assert_eq!(resources.get("table", "orders"), Some("my-app-prod-orders"));
        assert_eq!(resources.get("table", "arn:aws:dynamodb:eu-west-1:1:table/orders"), Some("my-app-prod-orders"));
        assert_eq!(resources.get("queue", "big-jobs"), Some("https://jobs"));
        assert_eq!(resources.get("parameter", "/shop/flags"), Some("/shop/flags"));
        for (kind, name) in [("table", "others"), ("mode", ""), ("bucket", "orders")] {
            assert_eq!(resources.get(kind, name), None, "{kind} {name}");
        }
        assert_eq!(Config::read(None, variables.into_iter()).resources.get("table", "orders"), None);
    }
}
