//! Names, ARNs and URLs of local queues, buckets, topics and event buses, and the environment variables that pass them to workers.

use bedrock_build::settings::{DevServices, STAGE_PLACEHOLDER};
use bedrock_build::triggers::{StreamTrigger, Trigger, TriggerSource, bucket_variable, queue_variable};
use bedrock_build::uses::{ResourceKind, ResourceUse};
use bedrock_build::{App, FunctionSettings, Use};
use bedrock_local::event_sources::ResourceNames;

use super::aws_api::{EVENTS_PATH, S3_PATH, SERVICES_PATH, SNS_PATH, SQS_PATH};

/// What `{stage}` in the settings stands for on this machine.
pub(super) const LOCAL_STAGE: &str = "local";

/// Names an app's local resources.
#[derive(Debug, Clone)]
pub(crate) struct LocalResources {
    app: String,
    /// `http://127.0.0.1:PORT`
    url: String,
    pub(crate) region: String,
    pub(crate) account: String,
    /// URL of the AWS services that this server does not have. Workers reach them through this server.
    services_url: Option<String>,
    has_services: bool,
}

impl LocalResources {
    /// Creates the names for an app that is served at `url`, with the region and account of its functions' ARNs.
    pub(crate) fn new(app: &App, url: &str) -> Self {
        let services_url = match &app.settings.dev.services {
            Some(DevServices::Endpoint(url)) => Some(url.clone()),
            // The command line starts ministack and replaces this setting by its URL.
            Some(DevServices::Ministack) | None => None,
        };
        let has_services = app.settings.dev.services.is_some() || app.settings.dev.account.is_some();
        Self { services_url, has_services, ..Self::for_app(app.name.as_str(), url) }
    }

    pub(super) fn for_app(app: &str, url: &str) -> Self {
        let arn = bedrock_local::function_arn("any");
        let mut parts = arn.split(':').skip(3);
        let region = parts.next().unwrap_or_default().to_owned();
        let account = parts.next().unwrap_or_default().to_owned();
        Self { app: app.to_owned(), url: url.to_owned(), region, account, services_url: None, has_services: false }
    }

    /// Returns the names of the app's resources.
    pub(super) fn names(&self) -> ResourceNames<'_> {
        ResourceNames { app: &self.app, region: &self.region, account: &self.account }
    }

    pub(super) fn queue_name(&self, source: &TriggerSource) -> String {
        self.names().queue_name(source)
    }

    pub(super) fn bucket_name(&self, source: &TriggerSource) -> String {
        self.names().bucket_name(source)
    }

    pub(super) fn queue_arn(&self, source: &TriggerSource) -> String {
        self.names().queue_arn(source)
    }

    pub(super) fn queue_arn_of_name(&self, name: &str) -> String {
        self.arn("sqs", name)
    }

    /// Returns the ARN of a resource of the account: `table/shop-local-orders`.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        self.names().arn(service, resource)
    }

    /// Returns the ARN of a used resource that this server does not have. An existing one counts in every region and account,
    /// because requests with its name have those of this machine. `None` if only the deployment knows the ARN.
    pub(super) fn arn_pattern(&self, used: &ResourceUse) -> Option<String> {
        let prefix = format!("{}-{LOCAL_STAGE}-", self.app);
        let arn = used.arn()?.replace("{prefix}", &prefix).replace(STAGE_PLACEHOLDER, LOCAL_STAGE);
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, service, _, _, name] = parts[..] else { return None };
        Some(if used.is_of_app() { self.arn(service, name) } else { format!("arn:*:{service}:*:*:{name}") })
    }

    pub(super) fn queue_url(&self, name: &str) -> String {
        format!("{}{SQS_PATH}/{}/{name}", self.url, self.account)
    }

    /// Returns the URL of the services that this server does not have. `None` if the settings name none.
    pub(super) fn services_url(&self) -> Option<&str> {
        self.services_url.as_deref()
    }

    /// Returns the URL of this server.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn stream_name(&self, trigger: &StreamTrigger) -> String {
        self.names().stream_name(trigger)
    }

    pub(super) fn topic_arn(&self, source: &TriggerSource) -> String {
        self.names().topic_arn(source)
    }

    pub(super) fn bus_name(&self, source: &TriggerSource) -> String {
        self.names().bus_name(source)
    }

    /// Returns the ARN of an event bus of the account, by its full name.
    pub(super) fn bus_arn(&self, name: &str) -> String {
        self.arn("events", &format!("event-bus/{name}"))
    }

    /// Returns the environment variables that every function receives.
    pub(crate) fn variables(&self, app: &App) -> Vec<(String, String)> {
        let mut variables = vec![
            ("AWS_ENDPOINT_URL_SQS".to_owned(), format!("{}{SQS_PATH}", self.url)),
            ("AWS_ENDPOINT_URL_S3".to_owned(), format!("{}{S3_PATH}", self.url)),
        ];
        // SDKs prefer the variable of a service.
        if self.has_services {
            variables.push(("AWS_ENDPOINT_URL".to_owned(), format!("{}{SERVICES_PATH}", self.url)));
        }
        let triggers = || app.workers.iter().flat_map(|worker| &worker.settings.triggers);
        let has_events = triggers().any(|trigger| matches!(trigger, Trigger::Topic(_) | Trigger::Bus(_)));
        // Otherwise nothing says what functions may do, and SDKs find the services as before: this server would know neither a
        // topic nor a bus.
        if has_events || self.has_services || functions(app).any(|settings| settings.uses.is_some()) {
            variables.push(("AWS_ENDPOINT_URL_SNS".to_owned(), format!("{}{SNS_PATH}", self.url)));
            variables.push(("AWS_ENDPOINT_URL_EVENTBRIDGE".to_owned(), format!("{}{EVENTS_PATH}", self.url)));
        }
        for trigger in triggers() {
            match trigger {
                Trigger::Queue(queue) => {
                    let url = self.queue_url(&self.queue_name(&queue.queue));
                    variables.push((queue_variable(&app.name, queue.queue.name()), url));
                }
                Trigger::Bucket(bucket) => {
                    let name = self.bucket_name(&bucket.bucket);
                    variables.push((bucket_variable(&app.name, bucket.bucket.name()), name));
                }
                // Who writes to a topic, a bus, a table or a stream says so in `uses`, which has a variable for it.
                Trigger::Schedule(_) | Trigger::Topic(_) | Trigger::Bus(_) | Trigger::Stream(_) => {}
            }
        }
        for used in used_resources(app) {
            let source = used.local_source();
            match used.kind {
                ResourceKind::Queue => {
                    variables.push((used.variable(&app.name), self.queue_url(&self.queue_name(&source))));
                }
                ResourceKind::Bucket => variables.push((used.variable(&app.name), self.bucket_name(&source))),
                _ => {}
            }
        }
        variables
    }
}

/// Returns the environment variables by which functions of an app find the queues, buckets and services of a server at
/// `url`, `http://127.0.0.1:PORT`.
pub fn resource_variables(app: &App, url: &str) -> Vec<(String, String)> {
    LocalResources::new(app, url).variables(app)
}

/// Returns the settings of all functions of an app.
fn functions(app: &App) -> impl Iterator<Item = &FunctionSettings> {
    app.workers.iter().map(|worker| &worker.settings).chain([&app.settings.endpoint])
}

/// Returns the resources that the functions of an app use.
pub(super) fn used_resources(app: &App) -> impl Iterator<Item = &ResourceUse> {
    let uses = functions(app).flat_map(|settings| settings.uses.iter().flatten());
    uses.filter_map(|each| match each {
        Use::Resource(resource) => Some(resource),
        Use::Statement(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::LocalResources;
    use bedrock_build::App;

    fn services(settings: &str) -> Vec<String> {
        let dir = tempfile::tempdir().expect("a folder");
        let manifest = format!("[package]\nname = \"shop\"\n[package.metadata.bedrock]\n{settings}\n");
        std::fs::write(dir.path().join("Cargo.toml"), manifest).expect("a file");
        std::fs::create_dir_all(dir.path().join("workers/a")).expect("a folder");
        std::fs::write(dir.path().join("workers/a/main.py"), "").expect("a file");
        let app = App::open(dir.path()).expect("an app");
        let variables = LocalResources::new(&app, "http://127.0.0.1:7070").variables(&app);
        let names =
            variables.into_iter().filter_map(|(name, _)| name.strip_prefix("AWS_ENDPOINT_URL").map(str::to_owned));
        names.collect()
    }

    #[test]
    fn functions_with_uses_find_every_service_of_the_server() {
        assert_eq!(services(""), ["_SQS", "_S3"]);
        let all = ["_SQS", "_S3", "_SNS", "_EVENTBRIDGE"];
        assert_eq!(services("workers.a.uses = [{ table = 'orders', access = 'read', key = 'id' }]"), all);
        assert_eq!(services("workers.a.uses = []"), all);
        assert_eq!(services("workers.a.triggers = [{ topic = 'news' }]"), all);
        assert_eq!(services("dev.endpoint = 'http://127.0.0.1:8000'"), ["_SQS", "_S3", "", "_SNS", "_EVENTBRIDGE"]);
    }
}
