//! Tokens that are accepted and refused. Those in `tokens.json` are signed with a key that was deleted, and expire in 2100.

use serde_json::Value;
use tempfile::TempDir;

use super::*;

const NOW: u64 = 1_800_000_000;

fn fixture(name: &str) -> String {
    let tokens: Value = serde_json::from_str(include_str!("tokens.json")).expect("tokens");
    tokens["tokens"][name].as_str().expect(name).to_owned()
}

/// Returns a verifier with the keys of `tokens.json`, and the app's folder.
fn verifier(source: &str) -> (TokenVerifier, TempDir) {
    let app = TempDir::new().expect("a folder");
    let tokens: Value = serde_json::from_str(include_str!("tokens.json")).expect("tokens");
    fs::write(app.path().join("jwks.json"), tokens["jwks"].to_string()).expect("a file");
    let jwt = JwtAuthorizer {
        issuer: "https://login.example".to_owned(),
        audience: vec!["shop".to_owned()],
        identity_source: source.to_owned(),
        jwks: Some("jwks.json".to_owned()),
    };
    (TokenVerifier::new(jwt, app.path()), app)
}

fn verify(authorization: &str, scopes: &[&str]) -> Result<ApiCaller, ApiError> {
    let (verifier, _app) = verifier("$request.header.Authorization");
    let headers = vec![("authorization", authorization.as_bytes())];
    let request = UrlRequest { method: "GET", path: "/", query: "", headers, body: b"" };
    verifier.verify(&request, &scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>(), NOW)
}

#[test]
fn claims_of_valid_tokens_are_text() {
    let ApiCaller::Jwt { claims, scopes } = verify(&format!("Bearer {}", fixture("valid")), &[]).expect("a caller")
    else {
        panic!("a token")
    };
    assert_eq!(scopes, None);
    let claim = |name: &str| claims.get(name).map(String::as_str);
    assert_eq!((claim("sub"), claim("exp"), claim("admin")), (Some("ada"), Some("4102444800"), Some("true")));
    assert_eq!(claim("groups"), Some("[a b]"));
    for name in ["client_id", "aud_list"] {
        assert!(verify(&fixture(name), &["orders/read", "orders/write"]).is_ok(), "{name}");
    }
}

#[test]
fn token_needs_one_scope_of_the_route() {
    let token = fixture("valid");
    let ApiCaller::Jwt { scopes, .. } = verify(&token, &["orders/read", "orders/write"]).expect("a caller") else {
        panic!("a token")
    };
    assert_eq!(scopes, Some(vec!["orders/read".to_owned()]));
    assert_eq!(verify(&token, &["orders/write"]), Err(ApiError::Forbidden));
}

#[test]
fn invalid_tokens_are_refused_with_the_reason() {
    let cases = [
        ("expired", "the token has expired"),
        ("no_expiry", "the token has expired"),
        ("early", "the token is not valid yet"),
        ("wrong_audience", "the token does not have a valid audience"),
        ("wrong_issuer", "the token has another issuer"),
        ("tampered", "the signature is not valid"),
        ("unknown_key", "no key of the issuer has signed the token"),
        ("none", "the token is not signed with an algorithm of RSA"),
    ];
    for (name, reason) in cases {
        assert_eq!(verify(&fixture(name), &[]), Err(ApiError::Unauthorized(reason.to_owned())), "{name}");
    }
    for token in ["", "x", "Bearer ", "a.b.c", "Basic YTpi"] {
        assert!(matches!(verify(token, &[]), Err(ApiError::Unauthorized(_))), "{token}");
    }
}

#[test]
fn token_of_a_query_and_missing_keys_are_known() {
    let (verifier, app) = verifier("$request.querystring.token");
    let query = format!("a=b&token={}", fixture("valid"));
    let request = UrlRequest { method: "GET", path: "/", query: &query, headers: Vec::new(), body: b"" };
    assert!(verifier.verify(&request, &[], NOW).is_ok());
    fs::remove_file(app.path().join("jwks.json")).expect("the file");
    let refused = verifier.verify(&request, &[], NOW);
    assert!(
        matches!(&refused, Err(ApiError::Unauthorized(reason)) if reason.contains("is not a JSON Web Key Set")),
        "{refused:?}"
    );
}
