//! Reads parts of a request.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};

/// Extractor of the function's name in the path of an operation or of a function URL, decoded. Bytes that are not valid
/// UTF-8 are replaced: such a name is rejected as AWS does it, and the rest of the path may contain any bytes.
pub(super) struct NameInPath(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for NameInPath {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(name_in_path(parts.uri.path())))
    }
}

fn name_in_path(path: &str) -> String {
    let prefixes = ["/2015-03-31/functions/", "/2021-11-15/functions/", "/_url/"];
    let rest = prefixes.iter().find_map(|prefix| path.strip_prefix(prefix));
    let segment = rest.unwrap_or_default().split('/').next().unwrap_or_default();
    // The decoder is one of forms, where these characters have a meaning that they do not have in a path.
    let segment = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(segment.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

/// Returns the first query parameter with this name, decoded.
pub(super) fn query_parameter(uri: &Uri, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// Returns a header that is valid text.
pub(super) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::name_in_path;

    #[test]
    fn name_in_path_is_decoded_without_loss_of_the_rest() {
        for (path, name) in [
            ("/2015-03-31/functions/a%3Alive/invocations", "a:live"),
            ("/2015-03-31/functions/a+b=c&d", "a+b=c&d"),
            ("/2015-03-31/functions/%ff/invocations", "\u{fffd}"),
            ("/2021-11-15/functions/a/response-streaming-invocations", "a"),
            ("/_url/a/%ff", "a"),
            ("/_url/a", "a"),
        ] {
            assert_eq!(name_in_path(path), name, "{path}");
        }
    }
}
