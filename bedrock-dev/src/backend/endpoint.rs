//! The endpoint as a function: what Lambda's API says of it, and what its process is started with.

use bedrock::local::service::Backend;
use bedrock::local::service::FunctionInfo;
use bedrock_build::{App, Language};

/// By which it is called: `my_app-local-endpoint`, `http://endpoint.localhost:7070/`.
pub const ENDPOINT: &str = "endpoint";

/// As `backend`, which has the workers, would describe it.
pub(crate) fn info(app: &App, backend: &dyn Backend) -> FunctionInfo {
    let settings = &app.settings.endpoint;
    let name = format!("{}-local-{ENDPOINT}", app.name);
    FunctionInfo {
        worker: ENDPOINT.to_owned(),
        arn: backend.arn(&name),
        log_group: format!("/aws/lambda/{name}"),
        name,
        language: Language::Rust,
        runtime: app.endpoint_runtime.id.to_owned(),
        handler: "bootstrap".to_owned(),
        timeout: settings.timeout,
        memory: settings.memory,
    }
}

/// Whether a caller's name for a function means the endpoint.
pub(crate) fn is_meant(name: &str, info: &FunctionInfo) -> bool {
    let bare = name.split_once("function:").map_or(name, |(_, rest)| rest);
    let bare = bare.split(':').next().unwrap_or_default();
    bare == ENDPOINT || bare == info.name
}
