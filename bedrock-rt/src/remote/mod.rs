//! The remote transport: calls through the Lambda Invoke API.
//!
//! | module | does |
//! | --- | --- |
//! | `call` | one call: its function, its deadline, its attempts |
//! | `function` | which Lambda function a target means |
//! | `retry` | whether to try again, and when |
//! | `answer`, `failure`, `chain` | from what came back to a response or an [`Error`](crate::Error) |
//! | `wire` | what is sent and what can come back, whoever carries it |
//! | `http` | carries it: a small signing client, the default |
//! | `sdk` | carries it with the AWS SDK, if the feature `aws-sdk` is on |
//! | `beside` | with that feature on a laptop: which calls leave it |
//! | `from_env` | the transport of this process |
//!
//! Only Lambda builds and programs with that feature have it, so that a laptop does not compile TLS.

mod answer;
#[cfg(all(feature = "aws-sdk", not(bedrock_lambda)))]
mod beside;
mod call;
mod chain;
mod failure;
#[cfg(any(bedrock_lambda, feature = "aws-sdk"))]
mod from_env;
mod function;
#[cfg(any(test, not(feature = "aws-sdk")))]
mod http;
mod retry;
#[cfg(feature = "aws-sdk")]
mod sdk;
mod wire;

#[cfg(test)]
mod tests;

#[cfg(all(feature = "aws-sdk", not(bedrock_lambda)))]
pub(crate) use beside::Beside;
#[cfg(any(bedrock_lambda, feature = "aws-sdk"))]
pub(crate) use from_env::from_env;
