//! Tokens that are accepted and refused. Those in `tokens.json` are signed with a key that was deleted, and expire in 2100.

use ring::hmac;
use serde_json::{Value, json};
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
fn public_key_is_no_secret_of_a_signature() {
    let tokens: Value = serde_json::from_str(include_str!("tokens.json")).expect("tokens");
    let modulus = tokens["jwks"]["keys"][0]["n"].as_str().expect("a key");
    let secrets = [modulus.as_bytes().to_vec(), BASE64_URL_SAFE_NO_PAD.decode(modulus).expect("a number"), Vec::new()];
    let claims = fixture("valid").split('.').nth(1).expect("claims").to_owned();
    for (secret, algorithm) in secrets.iter().flat_map(|secret| ["HS256", "hs256", "RS256"].map(|name| (secret, name)))
    {
        let header = BASE64_URL_SAFE_NO_PAD.encode(json!({ "alg": algorithm, "kid": "1" }).to_string());
        let signed = format!("{header}.{claims}");
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        let token = format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag));
        let refused = verify(&token, &[]);
        assert!(matches!(refused, Err(ApiError::Unauthorized(_))), "{algorithm}: {refused:?}");
    }
}

#[test]
fn claims_are_compared_with_settings_and_time() {
    let (verifier, _app) = verifier("$request.header.Authorization");
    let check = |changes: Value| {
        let mut claims =
            json!({ "iss": "https://login.example", "aud": "shop", "exp": NOW + 1, "nbf": NOW, "iat": NOW });
        for (name, value) in changes.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        verifier.check_claims(&claims, NOW)
    };
    assert_eq!(check(json!({})), Ok(()));
    assert_eq!(check(json!({ "aud": null, "client_id": "shop" })), Ok(()));
    for changes in [
        json!({ "exp": NOW }),
        json!({ "exp": "4102444800" }),
        json!({ "nbf": NOW + 1 }),
        json!({ "nbf": "1" }),
        json!({ "iat": NOW + 1 }),
        json!({ "aud": ["other"], "client_id": "shop" }),
        json!({ "aud": null }),
        json!({ "iss": null }),
        json!({ "iss": "https://login.example/" }),
    ] {
        assert!(check(changes.clone()).is_err(), "{changes}");
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
