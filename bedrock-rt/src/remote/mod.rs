//! Calls Lambda functions through the Lambda Invoke API.
//!
//! | module | content |
//! | --- | --- |
//! | `lambda_transport` | one call: function, deadline, attempts |
//! | `function_name` | finds the Lambda function of a target |
//! | `retry` | retry policy of a call |
//! | `response`, `function_error`, `error_chain` | convert the result of a request to a response or an [`Error`](crate::Error) |
//! | `invoke_client` | trait of the clients, with the input and the result of a request |
//! | `http_client` | the default client: small, signs its requests itself |
//! | `sdk_client` | the client that uses the AWS SDK, with the feature `aws-sdk` |
//! | `hybrid_transport` | with that feature outside of Lambda: decides which calls go to AWS |
//! | `from_env` | creates the transport of this process |
//!
//! Only Lambda builds and programs with that feature contain this module, so that a local build does not compile TLS.

mod error_chain;
#[cfg(any(bedrock_lambda, feature = "aws-sdk"))]
mod from_env;
mod function_error;
pub(crate) mod function_name;
#[cfg(any(test, not(feature = "aws-sdk")))]
mod http_client;
#[cfg(all(feature = "aws-sdk", not(bedrock_lambda)))]
mod hybrid_transport;
mod invoke_client;
mod lambda_transport;
mod response;
mod retry;
#[cfg(feature = "aws-sdk")]
mod sdk_client;

#[cfg(test)]
mod tests;

#[cfg(any(bedrock_lambda, feature = "aws-sdk"))]
pub(crate) use from_env::from_env;
