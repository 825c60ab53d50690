//! Where the code outside of steps finds AWS in a replay: at a running `dev`, or nowhere.

use bedrock_build::App;
use bedrock_dev::resource_variables;

/// A port of this machine on which nothing listens: without a server, no call may come to AWS.
const CLOSED_URL: &str = "http://127.0.0.1:1";
/// The variable that SDKs read for services without a variable of their own, and how these begin.
const ENDPOINT_VARIABLE: &str = "AWS_ENDPOINT_URL";

/// The server to which calls of Python and JavaScript workers go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplayServer {
    /// The URL of Lambda's API.
    pub(super) lambda_url: String,
    /// The variables that workers have in addition to those of their settings.
    pub(super) variables: Vec<(String, String)>,
}

impl ReplayServer {
    /// Returns the server at `url` that runs `app`: the workers get the variables that it gives them.
    pub(crate) fn running(app: &App, url: &str) -> Self {
        Self { lambda_url: url.to_owned(), variables: resource_variables(app, url) }
    }

    /// Returns the server of a replay by a command: the `dev` at `url`, or none. Endpoints that neither this `dev` nor the
    /// environment of the command names are closed. `variable` reads that environment.
    pub(crate) fn for_command(app: &App, url: Option<&str>, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let mut server = if let Some(url) = url {
            Self::running(app, url)
        } else {
            let mut closed = Self::running(app, CLOSED_URL);
            let lambda = variable("AWS_ENDPOINT_URL_LAMBDA").or_else(|| variable(ENDPOINT_VARIABLE));
            closed.lambda_url = lambda.unwrap_or(closed.lambda_url);
            let is_of_user = |name: &str| {
                name.starts_with(ENDPOINT_VARIABLE)
                    && (variable(name).or_else(|| variable(ENDPOINT_VARIABLE))).is_some()
            };
            closed.variables.retain(|(name, _)| !is_of_user(name));
            closed
        };
        let is_known = server.variables.iter().any(|(name, _)| name == ENDPOINT_VARIABLE);
        if !is_known && variable(ENDPOINT_VARIABLE).is_none() {
            server.variables.push((ENDPOINT_VARIABLE.to_owned(), CLOSED_URL.to_owned()));
            // Otherwise SDKs would not read the other one.
            server.variables.push(("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS".to_owned(), "false".to_owned()));
        }
        server
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const TRIGGERS: &str = "[package.metadata.bedrock.workers.flow]\ntriggers = [{ queue = \"jobs\" }]\n";

    /// Returns the endpoints that workers have, without `AWS_ENDPOINT_URL`, and the queue.
    fn endpoints(url: Option<&str>, environment: &[(&str, &str)]) -> BTreeMap<String, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let manifest = format!("[package]\nname = \"shop\"\n[package.metadata.bedrock]\n{TRIGGERS}");
        std::fs::write(folder.path().join("Cargo.toml"), manifest).expect("a manifest");
        std::fs::create_dir_all(folder.path().join("workers/flow")).expect("a folder");
        std::fs::write(folder.path().join("workers/flow/main.py"), "").expect("a worker");
        let app = App::open(folder.path()).expect("an app");
        let variable =
            |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let server = ReplayServer::for_command(&app, url, &variable);
        let mut all: BTreeMap<String, String> = server.variables.into_iter().collect();
        all.insert("lambda".to_owned(), server.lambda_url);
        all
    }

    #[test]
    fn without_a_server_no_call_comes_to_aws() {
        let found = endpoints(None, &[("AWS_ENDPOINT_URL", "")]);
        assert_eq!(found["lambda"], CLOSED_URL);
        assert_eq!(found["AWS_ENDPOINT_URL"], CLOSED_URL);
        assert_eq!(found["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"], "false");
        assert!(found["AWS_ENDPOINT_URL_SQS"].starts_with(CLOSED_URL), "{found:?}");
        assert!(found["SHOP_QUEUE_URL_JOBS"].ends_with("/shop-local-jobs"), "{found:?}");
    }

    #[test]
    fn endpoints_of_the_user_remain() {
        let found = endpoints(None, &[("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")]);
        assert_eq!(found["lambda"], "http://127.0.0.1:4566");
        assert!(found.keys().all(|name| !name.starts_with(ENDPOINT_VARIABLE)), "{found:?}");
        let found = endpoints(None, &[("AWS_ENDPOINT_URL_S3", "http://a"), ("AWS_ENDPOINT_URL_LAMBDA", "http://b")]);
        assert_eq!((found["lambda"].as_str(), found.get("AWS_ENDPOINT_URL_S3")), ("http://b", None));
        assert_eq!(found["AWS_ENDPOINT_URL"], CLOSED_URL);
    }

    #[test]
    fn server_has_its_own_endpoints_and_no_others() {
        let found = endpoints(Some("http://127.0.0.1:7070"), &[]);
        assert_eq!(found["lambda"], "http://127.0.0.1:7070");
        assert!(found["AWS_ENDPOINT_URL_SQS"].starts_with("http://127.0.0.1:7070/"), "{found:?}");
        assert_eq!(found["AWS_ENDPOINT_URL"], CLOSED_URL);
    }
}
