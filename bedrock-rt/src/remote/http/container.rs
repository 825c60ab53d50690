//! The container endpoint: a small server beside the program that hands out credentials. SnapStart, ECS and EKS have it.
//! Source: "Container credential provider" in AWS's SDK reference guide.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::connect::Connector;
use super::credentials::Credentials;
use super::endpoint::Endpoint;
use super::settings::Variables;
use crate::date;

/// The server of relative URIs, and of ECS.
const ECS: &str = "169.254.170.2";
/// The servers besides loopback that may be asked without TLS: ECS, and EKS in both families.
const TRUSTED: [&str; 3] = [ECS, "169.254.170.23", "fd00:ec2::23"];
const ATTEMPTS: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the endpoint is and how to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Container {
    endpoint: Endpoint,
    token: Option<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Text(String),
    /// Read for each request: it is exchanged from time to time.
    File(PathBuf),
}

/// What the endpoint answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Written {
    access_key_id: String,
    secret_access_key: String,
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    expiration: Option<String>,
}

impl Container {
    /// Nothing if the environment names no endpoint.
    pub(super) fn read(env: Variables<'_>) -> Result<Option<Self>, String> {
        let relative = env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map(|path| format!("http://{ECS}{path}"));
        let Some(url) = relative.or_else(|| env("AWS_CONTAINER_CREDENTIALS_FULL_URI")) else { return Ok(None) };
        let endpoint =
            Endpoint::parse(&url).map_err(|fault| format!("the container credentials are nowhere: {fault}"))?;
        if !endpoint.origin.tls && !is_near(&endpoint.origin.host) {
            return Err(format!(
                "the container credentials are not asked for at `{url}`: without TLS only this machine is"
            ));
        }
        let file = env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(|path| Token::File(path.into()));
        let token = file.or_else(|| env("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(Token::Text));
        Ok(Some(Self { endpoint, token }))
    }

    /// Asks for credentials; gives them and when they expire.
    pub(super) async fn fetch(&self, connector: &Connector) -> Result<(Credentials, Option<SystemTime>), String> {
        let token = self.token.as_ref().map(Token::text).transpose()?;
        let mut fault = String::new();
        // Asking twice is asking once, so whatever fails is tried again.
        for _ in 0..ATTEMPTS {
            let answer = tokio::time::timeout(PATIENCE, connector.get(&self.endpoint, token.as_deref())).await;
            fault = match answer {
                Ok(Ok((200, body))) => match understand(&body) {
                    Some(credentials) => return Ok(credentials),
                    None => "the answer is not understood".to_owned(),
                },
                Ok(Ok((status, _))) => format!("status {status}"),
                Ok(Err(fault)) => fault,
                Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
            };
        }
        Err(format!("no credentials from `{}`: {fault}", self.endpoint.origin.authority()))
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

fn understand(body: &[u8]) -> Option<(Credentials, Option<SystemTime>)> {
    let written: Written = serde_json::from_slice(body).ok()?;
    let expires = match &written.expiration {
        Some(text) => Some(date::parse(text)?),
        None => None,
    };
    Some((Credentials { id: written.access_key_id, secret: written.secret_access_key, token: written.token }, expires))
}

/// Whether a request to `host` does not leave the machine.
fn is_near(host: &str) -> bool {
    TRUSTED.contains(&host) || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{Container, Token, understand};

    fn read(env: &[(&str, &str)]) -> Result<Option<Container>, String> {
        Container::read(&|wanted| env.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned()))
    }

    const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";

    #[test]
    fn the_relative_uri_comes_before_the_full_one_and_the_file_before_the_token() {
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
    fn without_tls_only_this_machine_is_asked() {
        for host in
            ["localhost", "127.0.0.1", "127.8.8.8", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]
        {
            assert!(read(&[(FULL, &format!("http://{host}:80/c"))]).is_ok(), "{host}");
        }
        assert!(read(&[(FULL, "https://credentials.example/c")]).is_ok());
        let error = read(&[(FULL, "http://credentials.example/c")]).expect_err("far away");
        assert_eq!(
            error,
            "the container credentials are not asked for at `http://credentials.example/c`: without TLS only this machine is"
        );
    }

    #[test]
    fn credentials_may_lack_what_not_all_servers_write() {
        let (all, expires) = understand(
            br#"{"AccessKeyId":"a","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-25T06:35:00Z","RoleArn":"r"}"#,
        )
        .expect("credentials");
        assert_eq!((all.id.as_str(), all.token.as_deref(), expires.is_some()), ("a", Some("t"), true));
        let (few, expires) = understand(br#"{"AccessKeyId":"a","SecretAccessKey":"s"}"#).expect("credentials");
        assert_eq!((few.token, expires), (None, None));
        for wrong in ["", "{}", r#"{"AccessKeyId":"a","SecretAccessKey":"s","Expiration":"soon"}"#] {
            assert!(understand(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
