//! The endpoint as a function that can be invoked like a worker.

use bedrock_build::{App, Language};
use bedrock_model::{Backend, FunctionInfo};

/// Name of the endpoint among the functions: `my_app-local-endpoint`, `http://endpoint.localhost:7070/`.
pub const ENDPOINT: &str = "endpoint";

/// Describes the endpoint in the way `backend` describes the workers.
pub(crate) fn function_info(app: &App, backend: &dyn Backend) -> FunctionInfo {
    let settings = &app.settings.endpoint;
    let name = format!("{}-local-{ENDPOINT}", app.name);
    FunctionInfo {
        worker: ENDPOINT.to_owned(),
        arn: backend.arn(&name),
        log_group: format!("/aws/lambda/{name}"),
        durable: None,
        name,
        language: Language::Rust,
        runtime: app.endpoint_runtime.id.to_owned(),
        handler: "bootstrap".to_owned(),
        timeout: settings.timeout,
        memory: settings.memory,
    }
}

/// Returns whether `name`, which may be a function name, an ARN or part of one, is a name of the endpoint.
pub(crate) fn is_endpoint_name(name: &str, endpoint: &FunctionInfo) -> bool {
    let unqualified = name.split_once("function:").map_or(name, |(_, rest)| rest);
    let unqualified = unqualified.split(':').next().unwrap_or_default();
    unqualified == ENDPOINT || unqualified == endpoint.name
}
