//! The JWT authorizer: which tokens are accepted, in the order in which API Gateway checks them (API Gateway developer guide,
//! "Control access to HTTP APIs with JWT authorizers"). The keys of the issuer are in a file, so that no network is needed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bedrock_build::settings::JwtAuthorizer;
use bedrock_model::{ApiCaller, ApiError, UrlRequest};
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents,
};
use serde_json::Value;

/// Accepts tokens of one issuer.
pub(super) struct TokenVerifier {
    jwt: JwtAuthorizer,
    /// The file of the setting `jwks`, read for each token: it may change while `dev` runs.
    jwks: Option<PathBuf>,
}

impl TokenVerifier {
    pub(super) fn new(jwt: JwtAuthorizer, app_root: &Path) -> Self {
        let jwks = jwt.jwks.as_ref().map(|file| app_root.join(file));
        Self { jwt, jwks }
    }

    /// Returns whose token a request has. The token needs one of `scopes`, unless there are none.
    pub(super) fn verify(&self, request: &UrlRequest<'_>, scopes: &[String], now: u64) -> Result<ApiCaller, ApiError> {
        let refuse = |reason: &str| ApiError::Unauthorized(reason.to_owned());
        let token = self.token(request).ok_or_else(|| refuse(""))?;
        let claims = self.claims(&token).map_err(|reason| refuse(&reason))?;
        self.check_claims(&claims, now).map_err(refuse)?;
        let has: Vec<String> = ["scope", "scp"].iter().flat_map(|claim| words(&claims[*claim])).collect();
        let granted: Vec<String> = scopes.iter().filter(|scope| has.contains(scope)).cloned().collect();
        if !scopes.is_empty() && granted.is_empty() {
            return Err(ApiError::Forbidden);
        }
        let claims = claims.as_object().into_iter().flatten();
        let claims: BTreeMap<String, String> = claims.map(|(name, value)| (name.clone(), claim_text(value))).collect();
        Ok(ApiCaller::Jwt { claims, scopes: (!scopes.is_empty()).then_some(granted) })
    }

    /// Returns the token, which may follow `Bearer`.
    fn token(&self, request: &UrlRequest<'_>) -> Option<String> {
        let source = &self.jwt.identity_source;
        let value = if let Some(name) = source.strip_prefix("$request.header.") {
            let header = request.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
            header.and_then(|(_, value)| std::str::from_utf8(value).ok())?.to_owned()
        } else {
            let name = source.strip_prefix("$request.querystring.")?;
            let mut query = form_urlencoded::parse(request.query.as_bytes());
            query.find(|(parameter, _)| parameter == name)?.1.into_owned()
        };
        let token = match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim().to_owned(),
            _ => value,
        };
        (!token.is_empty()).then_some(token)
    }

    /// Returns the claims of a token that one of the issuer's keys has signed, or why it is not such a token.
    fn claims(&self, token: &str) -> Result<Value, String> {
        let invalid = || "the token is not a JSON Web Token".to_owned();
        let (signed, signature) = token.rsplit_once('.').ok_or_else(invalid)?;
        let (header, claims) = signed.split_once('.').ok_or_else(invalid)?;
        let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let json = |text: &str| serde_json::from_slice::<Value>(&decode(text)?).ok();
        let header = json(header).ok_or_else(invalid)?;
        let claims = json(claims).filter(Value::is_object).ok_or_else(invalid)?;
        let signature = decode(signature).ok_or_else(invalid)?;
        let algorithm: &RsaParameters = match header["alg"].as_str() {
            Some("RS256") => &RSA_PKCS1_2048_8192_SHA256,
            Some("RS384") => &RSA_PKCS1_2048_8192_SHA384,
            Some("RS512") => &RSA_PKCS1_2048_8192_SHA512,
            _ => return Err("the token is not signed with an algorithm of RSA".to_owned()),
        };
        let keys = self.keys()?;
        let kid = header["kid"].as_str().ok_or("the token does not name its key: it has no `kid`")?;
        let key = keys
            .iter()
            .find(|key| key["kid"] == kid && key["kty"] == "RSA")
            .ok_or("no key of the issuer has signed the token")?;
        let component = |name: &str| decode(key[name].as_str().unwrap_or_default()).unwrap_or_default();
        let key = RsaPublicKeyComponents { n: component("n"), e: component("e") };
        key.verify(algorithm, signed.as_bytes(), &signature).map_err(|_| "the signature is not valid")?;
        Ok(claims)
    }

    fn keys(&self) -> Result<Vec<Value>, String> {
        let Some(file) = &self.jwks else {
            return Err("the keys of the issuer are unknown here: write `jwks = FILE` in `http-api.jwt`".to_owned());
        };
        let set = fs::read(file).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        let keys = set.and_then(|set| set["keys"].as_array().cloned());
        keys.ok_or_else(|| format!("the file of `jwks`, {}, is not a JSON Web Key Set", file.display()))
    }

    fn check_claims(&self, claims: &Value, now: u64) -> Result<(), &'static str> {
        let seconds = |claim: &str| claims[claim].as_f64().map(|seconds| seconds.max(0.0));
        let is_future = |claim: &str| {
            // An exact comparison of times of this century.
            seconds(claim).is_some_and(|time| time > f64::from(u32::try_from(now).unwrap_or(u32::MAX)))
        };
        if claims["iss"] != self.jwt.issuer.as_str() {
            return Err("the token has another issuer");
        }
        let audience = if claims["aud"].is_null() { &claims["client_id"] } else { &claims["aud"] };
        let audience: Vec<&str> = match audience {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        if !self.jwt.audience.iter().any(|wanted| audience.contains(&wanted.as_str())) {
            return Err("the token does not have a valid audience");
        }
        if !is_future("exp") {
            return Err("the token has expired");
        }
        let is_no_time = |claim: &str| !claims[claim].is_null() && seconds(claim).is_none();
        if ["nbf", "iat"].into_iter().any(|claim| is_future(claim) || is_no_time(claim)) {
            return Err("the token is not valid yet");
        }
        Ok(())
    }
}

/// Returns the scopes of a claim: words of a text, or a list.
fn words(claim: &Value) -> Vec<String> {
    match claim {
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        text => text.as_str().unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
    }
}

/// Returns a claim as API Gateway has it in events: as text, and a list as `[a b]`.
fn claim_text(claim: &Value) -> String {
    match claim {
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(claim_text).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
