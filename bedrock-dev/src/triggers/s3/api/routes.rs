//! The routes of S3's API, in path style. Requests need credentials, of any value, or a presigned URL; the access check
//! of the port has already rejected pages of other origins.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, Response};
use axum::routing::any;

use super::super::super::aws_api::{S3_PATH, has_credentials, is_presigned};
use super::blocking::run_blocking;
use super::delete;
use super::error::S3Error;
use super::list;
use super::multipart;
use super::operation::selected_operation;
use super::path::percent_decode;
use super::read::{self, ReadRequest};
use super::state::{Bucket, S3};
use super::write;
use super::xml::{Element, with_request_id};

/// Maximum length of a key (S3 user guide, "Naming Amazon S3 objects").
const MAX_KEY_BYTES: usize = 1024;

/// Returns the routes, all below `/_s3`.
pub(in super::super::super) fn router(s3: &Arc<S3>) -> Router {
    Router::new()
        .route(S3_PATH, any(serve))
        .route(&format!("{S3_PATH}/"), any(serve))
        .route(&format!("{S3_PATH}/{{*path}}"), any(serve))
        .with_state(Arc::clone(s3))
}

async fn serve(State(s3): State<Arc<S3>>, request: Request) -> Response<Body> {
    let is_head = request.method() == Method::HEAD;
    match handle(&s3, request).await {
        Ok(response) => response,
        Err(error) if is_head => {
            let mut response = error.to_response();
            *response.body_mut() = Body::empty();
            response
        }
        Err(error) => error.to_response(),
    }
}

async fn handle(s3: &Arc<S3>, request: Request) -> Result<Response<Body>, S3Error> {
    let query = request.uri().query().unwrap_or_default();
    let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    if authorization.is_some_and(|value| value.starts_with("AWS ")) {
        return Err(S3Error::old_signature());
    }
    if !has_credentials(request.headers()) && !is_presigned(query) {
        return Err(S3Error::access_denied());
    }
    let query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let path = request.uri().path().strip_prefix(S3_PATH).unwrap_or_default().trim_start_matches('/');
    let (name, key) = path.split_once('/').unwrap_or((path, ""));
    let name = percent_decode(name)?;
    let key = percent_decode(key)?;
    let method = request.method().clone();
    if name.is_empty() {
        return if method == Method::GET { Ok(list::buckets(s3)) } else { Err(S3Error::method_not_allowed()) };
    }
    let selected = selected_operation(&method, &query, !key.is_empty());
    if key.is_empty() {
        return handle_bucket(s3, &name, selected.as_deref(), query, request).await;
    }
    let bucket = s3.bucket(&name)?;
    if key.len() > MAX_KEY_BYTES {
        return Err(S3Error::key_too_long());
    }
    match selected.as_deref() {
        None => {}
        Some("CreateMultipartUpload") => return multipart::create(s3, bucket, key, request.headers()),
        Some("UploadPart") => return multipart::upload_part(s3, bucket, &key, &query, request).await,
        Some("CompleteMultipartUpload") => return multipart::complete(s3, bucket, key, &query, request).await,
        Some("ListParts") => return multipart::list_parts(s3, bucket, &key, &query),
        Some("AbortMultipartUpload") => return multipart::abort(s3, bucket, &key, &query),
        Some(operation) => return Err(S3Error::not_implemented(&format!("`{operation}`"))),
    }
    let copy_source = request.headers().get("x-amz-copy-source").cloned();
    match (&method, copy_source) {
        (&Method::GET | &Method::HEAD, _) => {
            let is_head = method == Method::HEAD;
            let headers = request.headers().clone();
            read::get(s3, bucket, ReadRequest { key, is_head, headers, query }).await
        }
        (&Method::PUT, Some(source)) => write::copy(s3, bucket, key, &source, request.headers().clone()).await,
        (&Method::PUT, None) => write::put(s3, bucket, key, request).await,
        (&Method::DELETE, _) => delete::delete(s3, bucket, key, request.headers().clone()).await,
        (&Method::POST, _) => Err(S3Error::not_implemented("`POST` of an object")),
        _ => Err(S3Error::method_not_allowed()),
    }
}

/// Processes a request for a bucket itself.
async fn handle_bucket(
    s3: &Arc<S3>,
    name: &str,
    selected: Option<&str>,
    query: Vec<(String, String)>,
    request: Request,
) -> Result<Response<Body>, S3Error> {
    let method = request.method();
    let bucket = match s3.bucket(name) {
        Err(_) if *method == Method::PUT && selected.is_none() => {
            let reason = "`CreateBucket`, whose buckets come from the triggers in the settings,";
            return Err(S3Error::not_implemented(reason));
        }
        bucket => bucket?,
    };
    match (method, selected) {
        (&Method::GET, Some("GetBucketLocation")) => Ok(location(&s3.region)),
        // A bucket that never had versions has no status.
        (&Method::GET, Some("GetBucketVersioning")) => {
            Ok(Element::new("VersioningConfiguration").with_namespace().into_response())
        }
        (_, Some("DeleteObjects")) => delete::delete_objects(s3, bucket, request).await,
        (_, Some(operation)) => Err(S3Error::not_implemented(&format!("`{operation}`"))),
        (&Method::HEAD, None) => Ok(head_bucket(&s3.region)),
        (&Method::GET, None) => {
            let s3 = Arc::clone(s3);
            let bucket: Bucket = bucket.clone();
            run_blocking(move || list::objects(&s3, &bucket, &query)).await
        }
        // Only this region allows creating a bucket again.
        (&Method::PUT, None) if s3.region == "us-east-1" => Ok(with_request_id(Response::new(Body::empty()))),
        (&Method::PUT, None) => Err(S3Error::bucket_already_owned()),
        (&Method::DELETE, None) => Err(S3Error::not_implemented("`DeleteBucket`")),
        _ => Err(S3Error::method_not_allowed()),
    }
}

fn head_bucket(region: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    if let Ok(region) = HeaderValue::from_str(region) {
        response.headers_mut().insert("x-amz-bucket-region", region);
    }
    with_request_id(response)
}

fn location(region: &str) -> Response<Body> {
    let region = if region == "us-east-1" { "" } else { region };
    Element::text("LocationConstraint", region).with_namespace().into_response()
}

#[cfg(test)]
mod tests;
