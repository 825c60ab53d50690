//! Tests of credentials from a container credentials endpoint.

use std::time::{Duration, SystemTime};

use super::connector::Connector;
use super::credentials::{CredentialsProvider, CredentialsSource};
use crate::date;
use crate::remote::tests::fake_server::{FakeServer, Reaction};
use crate::remote::tests::reference_signature::{self, Key};
use crate::remote::tests::{Env, client, invoke, settings};

const EXPIRES: &str = "2026-11-25T07:00:00Z";

fn expires() -> SystemTime {
    date::parse(EXPIRES).expect("a time")
}

fn keys(id: &str) -> Reaction {
    keys_until(id, EXPIRES)
}

fn keys_until(id: &str, expiration: &str) -> Reaction {
    Reaction::ok(&format!(
        r#"{{"AccessKeyId":"{id}","SecretAccessKey":"secret","Token":"t","Expiration":"{expiration}"}}"#
    ))
}

fn env(container: &FakeServer) -> Env {
    vec![
        ("AWS_REGION", "eu-west-1".to_owned()),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/get?x=1", container.url())),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let me in".to_owned()),
    ]
}

fn provider(container: &FakeServer) -> (CredentialsProvider, Connector) {
    (CredentialsProvider::new(settings(&env(container)).source), Connector::new(None))
}

#[tokio::test]
async fn credentials_are_renewed_five_minutes_before_expiry() {
    let container = FakeServer::without_tls([keys("first"), keys_until("second", "2026-11-25T13:00:00Z")]).await;
    let (provider, connector) = provider(&container);
    for (minutes, id) in [(60, "first"), (6, "first"), (4, "second"), (1, "second")] {
        let now = expires() - Duration::from_secs(minutes * 60);
        let credentials = provider.get(&connector, now).await.expect("credentials");
        assert_eq!(credentials.access_key_id, id, "{minutes} minutes before");
    }
    assert_eq!(container.received().len(), 2);
    let request = &container.received()[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/get?x=1"));
    assert_eq!(request.header("authorization"), Some("let me in"));
}

#[tokio::test]
async fn failed_renewal_keeps_credentials_that_are_still_valid() {
    let container = FakeServer::without_tls([keys("first"), Reaction::error(500, "")]).await;
    let (provider, connector) = provider(&container);
    let before = |seconds| expires() - Duration::from_secs(seconds);
    assert_eq!(provider.get(&connector, before(3600)).await.expect("credentials").access_key_id, "first");
    assert_eq!(provider.get(&connector, before(200)).await.expect("credentials").access_key_id, "first");
    let requests = container.received().len();
    assert_eq!(requests, 4, "three attempts for the second time");
    // Calls in between do not request a renewal.
    assert_eq!(provider.get(&connector, before(195)).await.expect("credentials").access_key_id, "first");
    assert_eq!(container.received().len(), requests);
    let error = provider.get(&connector, expires()).await.expect_err("expired");
    assert!(error.ends_with(": status 500"), "{error}");
}

#[tokio::test]
async fn call_is_signed_with_credentials_of_the_container_endpoint() {
    let container = FakeServer::without_tls([keys_until("CONTAINER", "2999-01-01T00:00:00Z")]).await;
    let server = FakeServer::without_tls([Reaction::ok("7")]).await;
    let mut env = env(&container);
    env.push(("AWS_ENDPOINT_URL", server.url().to_owned()));
    let transport = client(&env);
    for _ in 0..2 {
        assert_eq!(invoke(&transport).await.as_deref(), Ok(&b"7"[..]));
    }
    assert_eq!(container.received().len(), 1);
    reference_signature::check(&server.received()[0], &Key { id: "CONTAINER", secret: "secret", token: Some("t") });
}

#[tokio::test]
async fn missing_credentials_error_names_the_searched_variables() {
    let mut env = FakeServer::without_tls([]).await.env();
    env.retain(|(name, _)| *name != "AWS_ACCESS_KEY_ID");
    assert_eq!(settings(&env).source, CredentialsSource::Missing);
    let error = invoke(&client(&env)).await.expect_err("no credentials");
    assert!(error.to_string().contains("no credentials: neither `AWS_ACCESS_KEY_ID`"), "{error}");
}

#[test]
fn debug_output_contains_no_secrets() {
    let env: Env = vec![
        ("AWS_REGION", "eu-west-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI".to_owned()),
        ("AWS_SESSION_TOKEN", "IQoJb3JpZ2lu".to_owned()),
    ];
    let shown = format!("{:?}", settings(&env));
    assert!(shown.contains("AKIDEXAMPLE"), "{shown}");
    assert!(!shown.contains("wJalrXUtnFEMI") && !shown.contains("IQoJb3JpZ2lu"), "{shown}");
}
