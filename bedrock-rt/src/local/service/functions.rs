//! Looking around: `ListFunctions`, `GetFunction`, `GetFunctionConfiguration`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Response};
use serde_json::{Value, json};

use super::backend::FunctionInfo;
use super::query::parameter;
use super::refusal::Refusal;
use super::server::{Service, Signed};
use super::target::{LATEST, Target};

/// Functions in one answer, at most (Lambda API reference, `ListFunctions`).
const PAGE: usize = 50;

/// `GET /2015-03-31/functions`
pub(super) async fn list(_: Signed, State(service): State<Arc<Service>>, request: Request) -> Response<Body> {
    let functions = service.backend.functions();
    let (marker, most) = (parameter(request.uri(), "Marker"), parameter(request.uri(), "MaxItems"));
    let most = most.and_then(|most| most.parse().ok()).unwrap_or(PAGE).clamp(1, PAGE);
    // The marker is the name that the page before ended with.
    let after = |function: &&FunctionInfo| marker.as_ref().is_none_or(|marker| function.name > *marker);
    let mut rest = functions.iter().filter(after);
    let shown: Vec<_> = rest.by_ref().take(most).collect();
    let next = rest.next().and(shown.last()).map(|last| last.name.clone());
    let shown: Vec<_> = shown.into_iter().map(configuration).collect();
    respond(&json!({ "Functions": shown, "NextMarker": next }))
}

/// `GET /2015-03-31/functions/{name}`
pub(super) async fn get(
    _: Signed,
    service: State<Arc<Service>>,
    name: Path<String>,
    request: Request,
) -> Response<Body> {
    let describe = |function: &FunctionInfo| {
        json!({
            "Configuration": configuration(function),
            "Code": { "RepositoryType": "local" },
            "Tags": { "bedrock:stage": "local" }
        })
    };
    answer(&service, &name, &request, describe)
}

/// `GET /2015-03-31/functions/{name}/configuration`
pub(super) async fn get_configuration(
    _: Signed,
    service: State<Arc<Service>>,
    name: Path<String>,
    request: Request,
) -> Response<Body> {
    answer(&service, &name, &request, configuration)
}

fn answer(service: &Service, name: &str, request: &Request, how: impl Fn(&FunctionInfo) -> Value) -> Response<Body> {
    let qualifier = parameter(request.uri(), "Qualifier");
    match Target::parse(name, qualifier.as_deref()).and_then(|target| service.function(&target)) {
        Ok(function) => respond(&how(&function)),
        Err(refusal) => Refusal::response(refusal, &crate::id::request_id()),
    }
}

fn respond(value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

/// What is known here, in the API's words. There is no zip, so its size and digest are those of nothing.
fn configuration(function: &FunctionInfo) -> Value {
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
