//! Names, ARNs and URLs of local queues and buckets, and the environment variables that pass them to workers.

use bedrock_build::App;
use bedrock_build::triggers::{Trigger, TriggerSource, bucket_variable, queue_variable};

use super::aws_api::{S3_PATH, SQS_PATH};

/// Names an app's local queues and buckets.
#[derive(Debug, Clone)]
pub(crate) struct LocalResources {
    app: String,
    /// `http://127.0.0.1:PORT`
    url: String,
    pub(super) region: String,
    pub(super) account: String,
}

impl LocalResources {
    /// Creates the names for an app that is served at `url`, with the region and account of its functions' ARNs.
    pub(crate) fn new(app: &App, url: &str) -> Self {
        Self::for_app(app.name.as_str(), url)
    }

    pub(super) fn for_app(app: &str, url: &str) -> Self {
        let arn = bedrock_local::function_arn("any");
        let mut parts = arn.split(':').skip(3);
        let region = parts.next().unwrap_or_default().to_owned();
        let account = parts.next().unwrap_or_default().to_owned();
        Self { app: app.to_owned(), url: url.to_owned(), region, account }
    }

    /// Returns the name of a queue: `shop-local-jobs`, like the names of functions. Existing queues keep their names.
    pub(super) fn queue_name(&self, source: &TriggerSource) -> String {
        match source {
            TriggerSource::Own(name) => format!("{}-local-{name}", self.app),
            TriggerSource::Existing(_) => source.name().to_owned(),
        }
    }

    /// Returns the name of a bucket: without `_` and capitals, as on AWS.
    pub(super) fn bucket_name(&self, source: &TriggerSource) -> String {
        match source {
            TriggerSource::Own(name) => format!("{}-local-{name}", self.app).replace('_', "-").to_lowercase(),
            TriggerSource::Existing(_) => source.name().to_owned(),
        }
    }

    pub(super) fn queue_arn(&self, source: &TriggerSource) -> String {
        match source {
            TriggerSource::Own(_) => self.queue_arn_of_name(&self.queue_name(source)),
            TriggerSource::Existing(arn) => arn.clone(),
        }
    }

    pub(super) fn queue_arn_of_name(&self, name: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{name}", self.region, self.account)
    }

    pub(super) fn queue_url(&self, name: &str) -> String {
        format!("{}{SQS_PATH}/{}/{name}", self.url, self.account)
    }

    /// Returns the environment variables that every function receives.
    pub(crate) fn variables(&self, app: &App) -> Vec<(String, String)> {
        let mut variables = vec![
            ("AWS_ENDPOINT_URL_SQS".to_owned(), format!("{}{SQS_PATH}", self.url)),
            ("AWS_ENDPOINT_URL_S3".to_owned(), format!("{}{S3_PATH}", self.url)),
        ];
        for trigger in app.workers.iter().flat_map(|worker| &worker.settings.triggers) {
            match trigger {
                Trigger::Queue(queue) => {
                    let url = self.queue_url(&self.queue_name(&queue.queue));
                    variables.push((queue_variable(&app.name, queue.queue.name()), url));
                }
                Trigger::Bucket(bucket) => {
                    let name = self.bucket_name(&bucket.bucket);
                    variables.push((bucket_variable(&app.name, bucket.bucket.name()), name));
                }
                Trigger::Schedule(_) => {}
            }
        }
        variables
    }
}
