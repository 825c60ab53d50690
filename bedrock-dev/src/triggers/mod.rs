//! What invokes workers in addition to calls: schedules, SQS queues, S3 buckets, SNS topics, rules of event buses, and
//! streams of DynamoDB and Kinesis.
//!
//! | module | does |
//! | --- | --- |
//! | `registry` | all triggers of an app: opens them, starts them, serves their APIs |
//! | `aws_api` | what the local APIs of AWS's services share |
//! | `resource_access` | what each function may do with the local resources |
//! | `access_guard` | denies what a function may not do |
//! | `caller` | the function and the service of a request, by its signature |
//! | `required_right` | an action on a resource |
//! | `statement` | statements of policies |
//! | `missing_use` | what to add to the settings |
//! | `denial` | error responses in the protocol of a service |
//! | `services` | requests to the services that this server does not have |
//! | `setup_error` | why triggers could not be set up |
//! | `services_server` | all services without the rest of a dev server |
//! | `dispatcher` | invokes a worker for a trigger and publishes the result |
//! | `local_resources` | names of local resources, and the variables that pass them to workers |
//! | `schedules` | EventBridge Scheduler: due times and events |
//! | `sqs` | messages in a file, batches of them, SQS's API |
//! | `s3` | watched folders, S3's events and API |
//! | `sns` | topics with their subscriptions, SNS's events and API |
//! | `event_bus` | event buses with their rules, EventBridge's events and API |
//! | `streams` | event source mappings of the streams of a local service |
//! | `sample_event` | events as triggers send them |
//! | `proxy_event` | events of REST APIs and load balancers |
//! | `fake_backend` | test double: accepts or rejects events |

mod access_guard;
mod aws_api;
mod caller;
mod denial;
mod dispatcher;
mod event_bus;
#[cfg(test)]
mod fake_backend;
#[cfg(fuzzing)]
mod fuzzing;
mod local_resources;
mod missing_use;
mod proxy_event;
mod registry;
mod required_right;
mod resource_access;
mod s3;
mod sample_event;
mod schedules;
mod services;
mod services_server;
mod setup_error;
mod sns;
mod sqs;
mod statement;
mod streams;

pub(crate) use dispatcher::TriggerDispatcher;
#[cfg(fuzzing)]
pub use fuzzing::{s3_routes, sqs_routes};
pub(crate) use local_resources::LocalResources;
pub use local_resources::resource_variables;
pub(crate) use registry::{FireError, Triggers};
pub use sample_event::{HTTP_SAMPLE_NAMES, SAMPLE_NAMES, http_event, http_request, http_sample_event, sample_event};
pub use services_server::ServicesServer;
pub use setup_error::TriggerSetupError;
