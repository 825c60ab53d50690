//! The program as a Lambda function. Only Lambda builds compile this, and programs that use the AWS SDK.

mod convert;
#[cfg(feature = "durable")]
pub(crate) mod durable;
mod endpoint;
mod endpoint_event;
mod exact_response;
mod logging;
mod proxy_event;
mod proxy_response;
mod streamed_request;
mod streaming;
mod worker;

pub(crate) use endpoint::serve;
pub(crate) use worker::run;
