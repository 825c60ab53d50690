//! The routes of S3's API, in path style, and who may come in: the door of the port has kept out pages of other origins,
//! and calls need credentials, of any value.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Response};
use axum::routing::any;

use super::super::super::local_resources;
use super::super::super::sqs::is_signed;
use super::error::{S3Error, xml};
use super::{list, objects};

/// A bucket of an app.
#[derive(Clone)]
pub(in super::super::super) struct Bucket {
    /// `shop-local-uploads`
    pub(in super::super::super) name: String,
    /// Absolute.
    pub(in super::super::super) root: PathBuf,
}

/// All buckets of an app.
pub(in super::super::super) struct S3 {
    pub(in super::super::super) buckets: Vec<Bucket>,
    pub(in super::super::super) region: String,
    /// Where files are written before they are moved to their places; on the same disk as the folders, and none of them.
    pub(in super::super::super) scratch: PathBuf,
}

/// The routes, below `/_s3`.
pub(in super::super::super) fn router(s3: &Arc<S3>) -> Router {
    let base = local_resources::S3;
    Router::new()
        .route(base, any(serve))
        .route(&format!("{base}/"), any(serve))
        .route(&format!("{base}/{{*path}}"), any(serve))
        .with_state(Arc::clone(s3))
}

async fn serve(State(s3): State<Arc<S3>>, request: Request) -> Response<Body> {
    let is_head = request.method() == Method::HEAD;
    match called(&s3, request).await {
        Ok(response) => response,
        Err(fault) if is_head => {
            let mut response = fault.response();
            *response.body_mut() = Body::empty();
            response
        }
        Err(fault) => fault.response(),
    }
}

async fn called(s3: &S3, request: Request) -> Result<Response<Body>, S3Error> {
    if !is_signed(request.headers()) {
        return Err(S3Error::no_credentials());
    }
    let path = request.uri().path().strip_prefix(local_resources::S3).unwrap_or_default().trim_start_matches('/');
    let (name, key) = path.split_once('/').unwrap_or((path, ""));
    let (name, key) = (decoded(name)?, decoded(key)?);
    if name.is_empty() {
        return Ok(list::buckets(s3));
    }
    let bucket = s3.buckets.iter().find(|bucket| bucket.name == name).ok_or_else(S3Error::no_bucket)?;
    let query: Vec<(String, String)> =
        form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
    let method = request.method().clone();
    if key.is_empty() {
        let asks_for_place = query.iter().any(|(name, _)| name == "location");
        return match method {
            Method::HEAD => Ok(Response::new(Body::empty())),
            Method::GET if asks_for_place => Ok(xml(&location(&s3.region))),
            Method::GET => {
                let bucket = bucket.clone();
                blocking(move || list::objects(&bucket, &query)).await
            }
            _ => Err(S3Error::unknown(&format!("{method} of a bucket"))),
        };
    }
    // `x-id` only names the operation; anything else in the query makes it another one.
    let known = ["x-id", "response-content-type", "response-content-disposition", "partNumber"];
    if let Some((odd, _)) = query.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        return Err(S3Error::unknown(&format!("{method} with `{odd}`")));
    }
    match method {
        Method::GET | Method::HEAD => objects::get(bucket, &key, &method, request.headers()).await,
        Method::PUT => objects::put(s3, bucket, &key, request).await,
        Method::DELETE => {
            let bucket = bucket.clone();
            blocking(move || objects::delete(&bucket, &key)).await
        }
        _ => Err(S3Error::unknown(&format!("{method} of an object"))),
    }
}

/// On a thread that may wait for the disk.
async fn blocking(
    answer: impl FnOnce() -> Result<Response<Body>, S3Error> + Send + 'static,
) -> Result<Response<Body>, S3Error> {
    let answered = tokio::task::spawn_blocking(answer).await;
    answered.unwrap_or_else(|error| Err(S3Error::from(std::io::Error::other(error))))
}

fn location(region: &str) -> String {
    let region = if region == "us-east-1" { "" } else { region };
    format!("<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{region}</LocationConstraint>")
}

/// A part of a path. A `+` is a `+` there.
fn decoded(text: &str) -> Result<String, S3Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text.as_bytes();
    while let Some((first, rest)) = left.split_first() {
        left = rest;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = left.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or_else(|| S3Error::invalid(format!("`{text}` is no path")))?);
        left = &left[2..];
    }
    String::from_utf8(bytes).map_err(|_| S3Error::invalid(format!("`{text}` is no text")))
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn parts_of_paths_are_read_as_they_were_meant() {
        assert_eq!(decoded("a%20b+c/%C3%B6.png").as_deref(), Ok("a b+c/ö.png"));
        for wrong in ["%", "%4", "%zz", "%ff"] {
            assert!(decoded(wrong).is_err(), "{wrong}");
        }
    }
}
