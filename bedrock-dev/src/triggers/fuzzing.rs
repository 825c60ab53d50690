//! The routes of the local SQS and S3 for the fuzz targets.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use bedrock_build::triggers::is_fifo_queue;

use super::s3::{self, Bucket, S3};
use super::sqs::{self, FifoQueueConfig, MessageStore, RedrivePolicy, Sqs, SqsQueue, SqsQueueConfig};
use crate::Clock;

/// Returns the routes of S3 with the bucket `files`, whose folder is in `scratch`.
pub fn s3_routes(scratch: &Path) -> Router {
    let bucket = Bucket { name: "files".to_owned(), root: scratch.join("files") };
    s3::router(&Arc::new(S3::new(vec![bucket], "eu-west-1", &scratch.join("state"))))
}

/// Returns the routes of SQS with the queues `jobs`, `jobs-dead` and `ordered.fifo`. `None` if the file of the messages cannot
/// be created in `scratch`.
pub fn sqs_routes(scratch: &Path) -> Option<Router> {
    let messages = Arc::new(MessageStore::open(&scratch.join("messages.sqlite")).ok()?);
    let queue = |name: &str| {
        let redrive = RedrivePolicy { dead_letter_queue: "jobs-dead".to_owned(), max_receives: 3 };
        let config = SqsQueueConfig {
            name: name.to_owned(),
            arn: format!("arn:aws:sqs:us-east-1:000000000000:{name}"),
            url: format!("http://127.0.0.1/_sqs/000000000000/{name}"),
            visibility: 30,
            redrive: (name == "jobs").then_some(redrive),
            fifo: is_fifo_queue(name).then_some(FifoQueueConfig { content_based_deduplication: true }),
        };
        Arc::new(SqsQueue::new(config, Arc::clone(&messages), Clock::real()))
    };
    let queues = ["jobs", "jobs-dead", "ordered.fifo"].map(queue).into();
    Some(sqs::router(&Arc::new(Sqs { queues, account: "000000000000".to_owned() })))
}
