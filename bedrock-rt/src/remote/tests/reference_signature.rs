//! Verifies signatures with AWS's own implementation.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;

use super::fake_server::Received;
use crate::date::parse;

/// Credentials that the request should have been signed with.
pub(crate) struct Key<'a> {
    pub(crate) id: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) token: Option<&'a str>,
}

/// Panics if a request is not signed with `key` for Lambda in eu-west-1, over all required headers.
pub(crate) fn check(request: &Received, key: &Key<'_>) {
    let authorization = request.header("authorization").expect("an authorization");
    let signed = authorization.split("SignedHeaders=").nth(1).and_then(|rest| rest.split(',').next());
    let signed: Vec<&str> = signed.expect("the signed headers").split(';').collect();
    for needed in ["host", "x-amz-date", "x-amz-invocation-type"] {
        assert!(signed.contains(&needed), "{needed} is not signed: {authorization}");
    }
    assert_eq!(signed.contains(&"x-amz-security-token"), key.token.is_some(), "{authorization}");
    let date = request.header("x-amz-date").expect("a date");
    let long =
        format!("{}-{}-{}T{}:{}:{}Z", &date[..4], &date[4..6], &date[6..8], &date[9..11], &date[11..13], &date[13..15]);
    let identity = Credentials::new(key.id, key.secret, key.token.map(str::to_owned), None, "test").into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name("lambda")
        .time(parse(&long).expect("a date"))
        .settings(SigningSettings::default())
        .build()
        .expect("parameters")
        .into();
    // The signer itself adds date and token.
    let own = ["x-amz-date", "x-amz-security-token"];
    let headers = request.headers.iter().filter(|(name, _)| signed.contains(&name.as_str()));
    let headers = headers.filter(|(name, _)| !own.contains(&name.as_str()));
    let url = format!("http://{}{}", request.header("host").expect("a host"), request.path);
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_str()));
    let signable = SignableRequest::new(&request.method, url, headers, SignableBody::Bytes(&request.body));
    let (_, expected) = sign(signable.expect("a request"), &params).expect("a signature").into_parts();
    assert!(authorization.ends_with(&format!("Signature={expected}")), "{authorization} is not {expected}");
    assert!(authorization.contains(&format!("Credential={}/", key.id)), "{authorization}");
}
