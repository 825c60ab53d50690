//! A call with the AWS SDK for Rust as it comes, instead of `invoke!`: the environment is all that it knows.

use aws_config::BehaviorVersion;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::primitives::Blob;
use bedrock::Result;
use serde_json::{Value, json};

/// What the SDK makes of the answer.
pub(crate) async fn invoke(event: &Value) -> Result<Value> {
    // Without TLS, which this machine needs none of.
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    let name = event["worker"].as_str().unwrap_or_default();
    let payload = Blob::new(event["event"].to_string());
    let sent = aws_sdk_lambda::Client::new(&config).invoke().function_name(name).payload(payload).send().await;
    Ok(match sent {
        Ok(answer) => {
            let payload = answer.payload().map(|payload| String::from_utf8_lossy(payload.as_ref()).into_owned());
            json!({ "failed": answer.function_error(), "payload": payload })
        }
        Err(error) => json!({ "exception": error.code(), "message": error.message() }),
    })
}
