//! Calls a function with the unmodified AWS SDK for Rust instead of `invoke!`. Only the environment configures the SDK.

use aws_config::BehaviorVersion;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::primitives::Blob;
use bedrock::Result;
use serde_json::{Value, json};

/// Returns the output or the error of the SDK.
pub(crate) async fn invoke(event: &Value) -> Result<Value> {
    // Without TLS, because the API is local.
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    let name = event["worker"].as_str().unwrap_or_default();
    let payload = Blob::new(event["event"].to_string());
    let result = aws_sdk_lambda::Client::new(&config).invoke().function_name(name).payload(payload).send().await;
    Ok(match result {
        Ok(output) => {
            let payload = output.payload().map(|payload| String::from_utf8_lossy(payload.as_ref()).into_owned());
            json!({ "failed": output.function_error(), "payload": payload })
        }
        Err(error) => json!({ "exception": error.code(), "message": error.message() }),
    })
}
