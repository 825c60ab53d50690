//! The operations `ListFunctions`, `GetFunction` and `GetFunctionConfiguration`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response};
use serde_json::{Value, json};

use bedrock_model::FunctionInfo;
use bedrock_model::id::new_uuid;

use super::function_reference::{FunctionReference, LATEST};
use super::request_parts::{NameInPath, query_parameter};
use super::service::{RequireCredentials, Service};

/// Maximum number of functions in one response (Lambda API reference, `ListFunctions`).
const MAX_PAGE_SIZE: usize = 50;

/// `GET /2015-03-31/functions`
pub(super) async fn list(
    _: RequireCredentials,
    State(service): State<Arc<Service>>,
    request: Request,
) -> Response<Body> {
    let functions = service.backend.functions();
    let marker = query_parameter(request.uri(), "Marker");
    let page_size = query_parameter(request.uri(), "MaxItems").and_then(|size| size.parse().ok());
    let page_size = page_size.unwrap_or(MAX_PAGE_SIZE).clamp(1, MAX_PAGE_SIZE);
    // The marker is the last name of the previous page.
    let after = |function: &&FunctionInfo| marker.as_ref().is_none_or(|marker| function.name > *marker);
    let mut rest = functions.iter().filter(after);
    let page: Vec<_> = rest.by_ref().take(page_size).collect();
    let next = rest.next().and(page.last()).map(|last| last.name.clone());
    let page: Vec<_> = page.into_iter().map(configuration).collect();
    respond(&json!({ "Functions": page, "NextMarker": next }))
}

/// `GET /2015-03-31/functions/{name}`
pub(super) async fn get(
    _: RequireCredentials,
    service: State<Arc<Service>>,
    name: NameInPath,
    request: Request,
) -> Response<Body> {
    let describe = |function: &FunctionInfo| {
        json!({
            "Configuration": configuration(function),
            "Code": { "RepositoryType": "local" },
            "Tags": { "bedrock:stage": "local" }
        })
    };
    respond_about(&service, &name.0, &request, describe)
}

/// `GET /2015-03-31/functions/{name}/configuration`
pub(super) async fn get_configuration(
    _: RequireCredentials,
    service: State<Arc<Service>>,
    name: NameInPath,
    request: Request,
) -> Response<Body> {
    respond_about(&service, &name.0, &request, configuration)
}

fn respond_about(
    service: &Service,
    name: &str,
    request: &Request,
    describe: impl Fn(&FunctionInfo) -> Value,
) -> Response<Body> {
    let qualifier = query_parameter(request.uri(), "Qualifier");
    match FunctionReference::parse(name, qualifier.as_deref()).and_then(|reference| service.function(&reference)) {
        Ok(function) => respond(&describe(&function)),
        Err(error) => error.into_response(&new_uuid()),
    }
}

fn respond(value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

/// Returns the `FunctionConfiguration` of a function. There is no zip, so size and digest are those of an empty file.
fn configuration(function: &FunctionInfo) -> Value {
    let mut configuration = configuration_of_all(function);
    if let Some(durable) = function.durable {
        configuration["DurableConfig"] =
            json!({ "ExecutionTimeout": durable.timeout, "RetentionPeriodInDays": durable.retention });
    }
    configuration
}

/// Returns what the configurations of all functions have.
fn configuration_of_all(function: &FunctionInfo) -> Value {
    let architecture = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "x86_64" };
    json!({
        "FunctionName": function.name,
        "FunctionArn": function.arn,
        "Runtime": function.runtime,
        "Role": "arn:aws:iam::000000000000:role/local",
        "Handler": function.handler,
        "CodeSize": 0,
        "CodeSha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "Description": format!("worker `{}` of a local app", function.worker),
        "Timeout": function.timeout,
        "MemorySize": function.memory,
        "LastModified": "1970-01-01T00:00:00.000+0000",
        "Version": LATEST,
        "TracingConfig": { "Mode": "PassThrough" },
        "RevisionId": "00000000-0000-0000-0000-000000000000",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": [architecture],
        "EphemeralStorage": { "Size": 512 },
        "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "LoggingConfig": { "LogFormat": "Text", "LogGroup": function.log_group },
    })
}
