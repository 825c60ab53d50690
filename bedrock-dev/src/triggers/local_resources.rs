//! What queues and buckets are called on a laptop, and the variables by which workers find them.

use bedrock_build::App;
use bedrock_build::triggers::{Source, Trigger, bucket_variable, queue_variable};

/// Where an app's queues and buckets are.
#[derive(Debug, Clone)]
pub(crate) struct LocalResources {
    app: String,
    /// `http://127.0.0.1:PORT`
    url: String,
    pub(super) region: String,
    pub(super) account: String,
}

/// Where SQS's API is on the port.
pub(super) const SQS: &str = "/_sqs";
/// Where S3's API is.
pub(super) const S3: &str = "/_s3";

impl LocalResources {
    /// Of an app whose port is `url`, in the region and account of its functions' ARNs.
    pub(crate) fn new(app: &App, url: &str) -> Self {
        Self::of(app.name.as_str(), url)
    }

    pub(super) fn of(app: &str, url: &str) -> Self {
        let arn = bedrock::local::function_arn("any");
        let mut parts = arn.split(':').skip(3);
        let region = parts.next().unwrap_or_default().to_owned();
        let account = parts.next().unwrap_or_default().to_owned();
        Self { app: app.to_owned(), url: url.to_owned(), region, account }
    }

    /// As functions are called: `shop-local-jobs`. Those that exist have their own names.
    pub(super) fn queue(&self, source: &Source) -> String {
        match source {
            Source::Own(name) => format!("{}-local-{name}", self.app),
            Source::Existing(_) => source.name().to_owned(),
        }
    }

    /// As on AWS: no `_` and no capitals.
    pub(super) fn bucket(&self, source: &Source) -> String {
        match source {
            Source::Own(name) => format!("{}-local-{name}", self.app).replace('_', "-").to_lowercase(),
            Source::Existing(_) => source.name().to_owned(),
        }
    }

    pub(super) fn queue_arn(&self, source: &Source) -> String {
        match source {
            Source::Own(_) => self.arn_of_queue(&self.queue(source)),
            Source::Existing(arn) => arn.clone(),
        }
    }

    pub(super) fn arn_of_queue(&self, name: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{name}", self.region, self.account)
    }

    pub(super) fn queue_url(&self, name: &str) -> String {
        format!("{}{SQS}/{}/{name}", self.url, self.account)
    }

    /// For the environment of every function.
    pub(crate) fn variables(&self, app: &App) -> Vec<(String, String)> {
        let mut variables = vec![
            ("AWS_ENDPOINT_URL_SQS".to_owned(), format!("{}{SQS}", self.url)),
            ("AWS_ENDPOINT_URL_S3".to_owned(), format!("{}{S3}", self.url)),
        ];
        for trigger in app.workers.iter().flat_map(|worker| &worker.settings.triggers) {
            match trigger {
                Trigger::Queue(queue) => {
                    let url = self.queue_url(&self.queue(&queue.queue));
                    variables.push((queue_variable(&app.name, queue.queue.name()), url));
                }
                Trigger::Bucket(bucket) => {
                    let name = self.bucket(&bucket.bucket);
                    variables.push((bucket_variable(&app.name, bucket.bucket.name()), name));
                }
                Trigger::Schedule(_) => {}
            }
        }
        variables
    }
}
