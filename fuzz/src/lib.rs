//! What several targets need: requests as text, and a folder that is kept for the whole run.

use std::path::Path;
use std::sync::LazyLock;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use tempfile::TempDir;
use tower_service::Service;

static SCRATCH: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

/// Returns a folder of this process.
pub fn scratch() -> &'static Path {
    SCRATCH.path()
}

/// Parses a request as it is on the wire: `POST /path`, a header a line, an empty line, the body. `None` if the head is not one
/// that hyper would pass on.
pub fn request(text: &[u8]) -> Option<(Request<()>, Vec<u8>)> {
    let end = text.windows(2).position(|window| window == b"\n\n");
    let (head, body) = end.map_or((text, &[][..]), |end| (&text[..end], &text[end + 2..]));
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = std::str::from_utf8(lines.next()?).ok()?;
    let (method, uri) = first.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(uri);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        request = request.header(&line[..colon], line[colon + 1..].trim_ascii());
    }
    Some((request.body(()).ok()?, body.to_vec()))
}

/// Sends a request to routes, and reads the response. A status of 500 is a failure, as a panic is.
pub fn send(router: &Router, text: &[u8]) {
    let Some((request, body)) = request(text) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let request = request.map(|()| Body::from(body));
        let Ok(response) = router.clone().call(request).await;
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
        assert!(status != 500, "{}", String::from_utf8_lossy(&body));
    });
}
