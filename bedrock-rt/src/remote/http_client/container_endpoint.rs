//! Client of the container credentials endpoint, a local server that returns credentials. SnapStart, ECS and EKS have
//! one. Source: "Container credential provider" in AWS's SDK reference guide.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::connector::Connector;
use super::endpoint::Endpoint;
use super::types::{Credentials, EnvReader};
use crate::date;

/// Host of relative URIs, and of ECS.
const ECS_HOST: &str = "169.254.170.2";
/// Hosts that may be called without TLS in addition to loopback: ECS, and EKS with IPv4 and IPv6.
const PLAIN_HTTP_HOSTS: [&str; 3] = [ECS_HOST, "169.254.170.23", "fd00:ec2::23"];
const MAX_ATTEMPTS: u32 = 3;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// URL and authorization token of the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ContainerEndpoint {
    endpoint: Endpoint,
    token: Option<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Text(String),
    /// File that is read for each request, because the token is rotated.
    File(PathBuf),
}

/// Response body of the endpoint.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CredentialsBody {
    access_key_id: String,
    secret_access_key: String,
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    expiration: Option<String>,
}

impl ContainerEndpoint {
    /// Returns `None` if the environment names no endpoint.
    pub(super) fn read(env: EnvReader<'_>) -> Result<Option<Self>, String> {
        let relative = env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map(|path| format!("http://{ECS_HOST}{path}"));
        let Some(url) = relative.or_else(|| env("AWS_CONTAINER_CREDENTIALS_FULL_URI")) else { return Ok(None) };
        let endpoint = Endpoint::parse(&url)
            .map_err(|reason| format!("the URL of the container credentials is not valid: {reason}"))?;
        if !endpoint.origin.tls && !is_loopback_or_link_local(&endpoint.origin.host) {
            return Err(format!(
                "container credentials are not requested from `{url}`: without TLS only this machine is allowed"
            ));
        }
        let file = env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(|path| Token::File(path.into()));
        let token = file.or_else(|| env("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(Token::Text));
        Ok(Some(Self { endpoint, token }))
    }

    /// Requests credentials. Returns them with the time of their expiry.
    pub(super) async fn fetch(&self, connector: &Connector) -> Result<(Credentials, Option<SystemTime>), String> {
        let token = self.token.as_ref().map(Token::text).transpose()?;
        let mut last_error = String::new();
        // The request is idempotent, so every error is retried.
        for _ in 0..MAX_ATTEMPTS {
            let answer = tokio::time::timeout(REQUEST_TIMEOUT, connector.get(&self.endpoint, token.as_deref())).await;
            last_error = match answer {
                Ok(Ok((200, body))) => match parse_credentials(&body) {
                    Some(credentials) => return Ok(credentials),
                    None => "the response is not valid".to_owned(),
                },
                Ok(Ok((status, _))) => format!("status {status}"),
                Ok(Err(error)) => error,
                Err(_) => format!("no response within {} s", REQUEST_TIMEOUT.as_secs()),
            };
        }
        Err(format!("no credentials from `{}`: {last_error}", self.endpoint.origin.authority()))
    }
}

impl Token {
    fn text(&self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(path) => std::fs::read_to_string(path)
                .map(|text| text.trim().to_owned())
                .map_err(|error| format!("no credentials: failed to read `{}`: {error}", path.display())),
        }
    }
}

fn parse_credentials(body: &[u8]) -> Option<(Credentials, Option<SystemTime>)> {
    let body: CredentialsBody = serde_json::from_slice(body).ok()?;
    let expires = match &body.expiration {
        Some(text) => Some(date::parse(text)?),
        None => None,
    };
    Some((
        Credentials {
            access_key_id: body.access_key_id,
            secret_access_key: body.secret_access_key,
            session_token: body.token,
        },
        expires,
    ))
}

/// Whether a request to `host` stays on this machine or its link.
fn is_loopback_or_link_local(host: &str) -> bool {
    PLAIN_HTTP_HOSTS.contains(&host)
        || host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{ContainerEndpoint, Token, parse_credentials};

    fn read(env: &[(&str, &str)]) -> Result<Option<ContainerEndpoint>, String> {
        ContainerEndpoint::read(&|name| {
            env.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
        })
    }

    const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";

    #[test]
    fn relative_uri_and_token_file_take_precedence() {
        assert_eq!(read(&[]), Ok(None));
        let both = read(&[
            (FULL, "http://localhost:9/full"),
            (RELATIVE, "/v2/id?x=1"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "text"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token"),
        ]);
        let both = both.expect("an endpoint").expect("an endpoint");
        assert_eq!((both.endpoint.origin.host.as_str(), both.endpoint.base.as_str()), ("169.254.170.2", "/v2/id?x=1"));
        assert_eq!(both.token, Some(Token::File("/token".into())));
    }

    #[test]
    fn plain_http_is_allowed_only_for_this_machine() {
        for host in
            ["localhost", "127.0.0.1", "127.8.8.8", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]
        {
            assert!(read(&[(FULL, &format!("http://{host}:80/c"))]).is_ok(), "{host}");
        }
        assert!(read(&[(FULL, "https://credentials.example/c")]).is_ok());
        let error = read(&[(FULL, "http://credentials.example/c")]).expect_err("not local");
        assert_eq!(
            error,
            "container credentials are not requested from `http://credentials.example/c`: without TLS only this machine is allowed"
        );
    }

    #[test]
    fn optional_fields_of_credentials_may_be_missing() {
        let (complete, expires) = parse_credentials(
            br#"{"AccessKeyId":"a","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-25T06:35:00Z","RoleArn":"r"}"#,
        )
        .expect("credentials");
        assert_eq!(
            (complete.access_key_id.as_str(), complete.session_token.as_deref(), expires.is_some()),
            ("a", Some("t"), true)
        );
        let (minimal, expires) =
            parse_credentials(br#"{"AccessKeyId":"a","SecretAccessKey":"s"}"#).expect("credentials");
        assert_eq!((minimal.session_token, expires), (None, None));
        for wrong in ["", "{}", r#"{"AccessKeyId":"a","SecretAccessKey":"s","Expiration":"soon"}"#] {
            assert!(parse_credentials(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
