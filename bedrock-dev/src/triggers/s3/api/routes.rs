//! The routes of S3's API, in path style. Requests need credentials, of any value; the access check of the port has
//! already rejected pages of other origins.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Response};
use axum::routing::any;

use super::super::super::aws_api::{S3_PATH, has_credentials};
use super::error::S3Error;
use super::state::S3;
use super::xml::Element;
use super::{list, objects};

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

async fn handle(s3: &S3, request: Request) -> Result<Response<Body>, S3Error> {
    if !has_credentials(request.headers()) {
        return Err(S3Error::access_denied());
    }
    let path = request.uri().path().strip_prefix(S3_PATH).unwrap_or_default().trim_start_matches('/');
    let (name, key) = path.split_once('/').unwrap_or((path, ""));
    let name = percent_decode(name)?;
    let key = percent_decode(key)?;
    if name.is_empty() {
        return Ok(list::buckets(s3));
    }
    let bucket = s3.buckets.iter().find(|bucket| bucket.name == name).ok_or_else(S3Error::no_such_bucket)?;
    let query: Vec<(String, String)> =
        form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
    let method = request.method().clone();
    if key.is_empty() {
        let is_location_request = query.iter().any(|(name, _)| name == "location");
        return match method {
            Method::HEAD => Ok(Response::new(Body::empty())),
            Method::GET if is_location_request => Ok(location(&s3.region)),
            Method::GET => {
                let bucket = bucket.clone();
                run_blocking(move || list::objects(&bucket, &query)).await
            }
            _ => Err(S3Error::not_implemented(&format!("{method} of a bucket"))),
        };
    }
    // `x-id` only names the operation; every other parameter selects a different operation.
    let allowed = ["x-id", "response-content-type", "response-content-disposition", "partNumber"];
    if let Some((name, _)) = query.iter().find(|(name, _)| !allowed.contains(&name.as_str())) {
        return Err(S3Error::not_implemented(&format!("{method} with `{name}`")));
    }
    match method {
        Method::GET | Method::HEAD => objects::get(bucket, &key, &method, request.headers()).await,
        Method::PUT => objects::put(s3, bucket, &key, request).await,
        Method::DELETE => {
            let bucket = bucket.clone();
            run_blocking(move || objects::delete(&bucket, &key)).await
        }
        _ => Err(S3Error::not_implemented(&format!("{method} of an object"))),
    }
}

/// Runs an operation on a thread that may block on the disk.
async fn run_blocking(
    operation: impl FnOnce() -> Result<Response<Body>, S3Error> + Send + 'static,
) -> Result<Response<Body>, S3Error> {
    let result = tokio::task::spawn_blocking(operation).await;
    result.unwrap_or_else(|error| Err(S3Error::from(std::io::Error::other(error))))
}

fn location(region: &str) -> Response<Body> {
    let region = if region == "us-east-1" { "" } else { region };
    Element::text("LocationConstraint", region).with_namespace().into_response()
}

/// Decodes a segment of a path, in which `+` is not a space.
fn percent_decode(text: &str) -> Result<String, S3Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, following)) = rest.split_first() {
        rest = following;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or_else(|| S3Error::invalid_argument(format!("`{text}` is not a valid path")))?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).map_err(|_| S3Error::invalid_argument(format!("`{text}` is not valid UTF-8")))
}

#[cfg(test)]
mod tests {
    use super::percent_decode;

    #[test]
    fn path_segments_are_percent_decoded() {
        assert_eq!(percent_decode("a%20b+c/%C3%B6.png").as_deref(), Ok("a b+c/ö.png"));
        for invalid in ["%", "%4", "%zz", "%ff"] {
            assert!(percent_decode(invalid).is_err(), "{invalid}");
        }
    }
}
