//! Who sent a request to a service, and to which service: read from its credentials, which are not checked.

use axum::http::request::Parts;
use bedrock_model::backend::{is_session_token_of, worker_of_access_key};

/// Returns the function whose credentials signed a request or a presigned URL, with Signature Version 4 or 2.
pub(super) fn calling_function(head: &Parts) -> Option<String> {
    let authorization = authorization(head);
    let version_4 = authorization.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next());
    let version_2 = authorization.strip_prefix("AWS ").and_then(|rest| rest.split(':').next());
    let in_header = version_4.or(version_2).map(|key| key.trim().to_owned());
    let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    let in_query = query.filter_map(|(name, value)| match &*name.to_ascii_lowercase() {
        "x-amz-credential" => value.split('/').next().map(str::to_owned),
        "awsaccesskeyid" => Some(value.into_owned()),
        _ => None,
    });
    // Where all workers have one access key, the session token says the function.
    let token = session_token(head).split('/').next().map(str::to_owned);
    // A second key, of another program, does not hide the function.
    in_header.into_iter().chain(in_query).chain(token).find_map(|key| worker_of_access_key(&key).map(str::to_owned))
}

/// Returns the function whose processes alone know the session token of a request. `None` if the token is not that of the
/// function whose credentials signed it.
pub(super) fn authenticated_function(head: &Parts) -> Option<String> {
    calling_function(head).filter(|function| is_session_token_of(function, session_token(head)))
}

/// Returns the session token in the headers. Empty if there is none.
fn session_token(head: &Parts) -> &str {
    head.headers.get("x-amz-security-token").and_then(|token| token.to_str().ok()).unwrap_or_default()
}

/// Returns the service that a request was signed for: `dynamodb`. `None` if there is no Signature Version 4.
pub(super) fn signed_service(head: &Parts) -> Option<String> {
    let in_header = authorization(head).split_once("Credential=").map(|(_, rest)| rest.to_owned());
    let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    let mut in_query = query.filter(|(name, _)| name.eq_ignore_ascii_case("x-amz-credential"));
    let credential = in_header.or_else(|| in_query.next().map(|(_, value)| value.into_owned()))?;
    let scope = credential.split([',', ' ']).next()?;
    // `KEY/DATE/REGION/SERVICE/aws4_request`, without the region if the signature holds in several ones.
    let service = scope.strip_suffix("/aws4_request")?.rsplit('/').next()?;
    (!service.is_empty()).then(|| service.to_owned())
}

fn authorization(head: &Parts) -> &str {
    head.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{authenticated_function, calling_function, signed_service};
    use axum::http::request::Parts;
    use axum::http::{HeaderValue, Request};
    use bedrock_model::backend::function_session_token;

    fn head(uri: &str, authorization: &str) -> Parts {
        let request = Request::builder().uri(uri).header("authorization", authorization);
        request.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn function_is_that_of_the_access_key() {
        let function = |uri: &str, authorization: &str| calling_function(&head(uri, authorization));
        let signed = "AWS4-HMAC-SHA256 Credential=LOCAL_resizer/20261130/us-east-1/sqs/aws4_request, Signature=x";
        assert_eq!(function("/_sqs", signed).as_deref(), Some("resizer"));
        assert_eq!(function("/_sqs", &signed.replace("LOCAL_resizer", "any")), None);
        assert_eq!(function("/_s3/b/c?X-Amz-Credential=LOCAL_a%2F2026", "").as_deref(), Some("a"));
        // Signature Version 2, boto3's default for presigned URLs in some regions.
        let presigned = "/_s3/b/c?AWSAccessKeyId=LOCAL_a&Signature=x%3D&Expires=1795588500";
        assert_eq!(function(presigned, "").as_deref(), Some("a"));
        assert_eq!(function(&presigned.replace("LOCAL_a", "any"), ""), None);
        assert_eq!(function("/_s3/b/c", "AWS LOCAL_a:x=").as_deref(), Some("a"));
        assert_eq!(function("/_s3/b/c", "AWS any:x="), None);
        assert_eq!(function(presigned, "Bearer any").as_deref(), Some("a"));
        let mut with_token = head("/_aws", &signed.replace("LOCAL_resizer", "key-of-this-run"));
        with_token.headers.insert("x-amz-security-token", HeaderValue::from_static("LOCAL_resizer/0a1b"));
        assert_eq!(calling_function(&with_token).as_deref(), Some("resizer"));
    }

    #[test]
    fn only_the_token_of_a_function_proves_its_name() {
        let function = |key: &str, token: &str| {
            let scope = "20261130/us-east-1/sqs/aws4_request, Signature=x";
            let mut head = head("/_aws", &format!("AWS4-HMAC-SHA256 Credential={key}/{scope}"));
            head.headers.insert("x-amz-security-token", HeaderValue::from_str(token).expect("a token"));
            authenticated_function(&head)
        };
        let token = function_session_token("resizer");
        assert_eq!(function("LOCAL_resizer", &token).as_deref(), Some("resizer"));
        assert_eq!(function("key-of-this-run", &token).as_deref(), Some("resizer"));
        for (key, token) in [
            ("LOCAL_resizer", ""),
            ("LOCAL_resizer", "LOCAL_resizer"),
            ("LOCAL_resizer", &format!("{token}0")),
            ("LOCAL_resizer", &token[..token.len() - 1]),
            ("LOCAL_resizer", &format!("LOCAL_resizer/{}", "0".repeat(32))),
            ("LOCAL_resizer", &function_session_token("endpoint")),
            ("LOCAL_other", &token),
            ("any", "any"),
        ] {
            assert_eq!(function(key, token), None, "{key} {token}");
        }
    }

    #[test]
    fn service_is_that_of_the_signature() {
        let service = |uri: &str, authorization: &str| signed_service(&head(uri, authorization));
        let signed = "AWS4-HMAC-SHA256 Credential=LOCAL_a/20261130/us-east-1/kms/aws4_request, Signature=x";
        assert_eq!(service("/_aws", signed).as_deref(), Some("kms"));
        let everywhere = "AWS4-ECDSA-P256-SHA256 Credential=LOCAL_a/20261130/events/aws4_request, Signature=x";
        assert_eq!(service("/_aws", everywhere).as_deref(), Some("events"));
        let presigned = "/_aws/?X-Amz-Credential=LOCAL_a%2F20261130%2Fus-east-1%2Fsts%2Faws4_request";
        assert_eq!(service(presigned, "").as_deref(), Some("sts"));
        for unsigned in ["", "Bearer x", "AWS LOCAL_a:x=", "AWS4-HMAC-SHA256 Credential=LOCAL_a"] {
            assert_eq!(service("/_aws", unsigned), None, "{unsigned}");
        }
    }
}
