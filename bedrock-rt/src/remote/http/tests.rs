//! Credentials from a container endpoint, over time.

use std::time::{Duration, SystemTime};

use super::connect::Connector;
use super::credentials::{Keeper, Source};
use crate::date;
use crate::remote::tests::server::{Act, Server};
use crate::remote::tests::signature::{self, Key};
use crate::remote::tests::{Env, client, invoke, settings};

const EXPIRES: &str = "2026-11-25T07:00:00Z";

fn expires() -> SystemTime {
    date::parse(EXPIRES).expect("a time")
}

fn keys(id: &str) -> Act {
    keys_until(id, EXPIRES)
}

fn keys_until(id: &str, expiration: &str) -> Act {
    Act::ok(&format!(r#"{{"AccessKeyId":"{id}","SecretAccessKey":"secret","Token":"t","Expiration":"{expiration}"}}"#))
}

fn env(container: &Server) -> Env {
    vec![
        ("AWS_REGION", "eu-west-1".to_owned()),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/get?x=1", container.url())),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let me in".to_owned()),
    ]
}

fn keeper(container: &Server) -> (Keeper, Connector) {
    (Keeper::new(settings(&env(container)).source), Connector::new(None))
}

#[tokio::test]
async fn they_are_fetched_once_and_renewed_five_minutes_before_they_expire() {
    let container = Server::plain([keys("first"), keys_until("second", "2026-11-25T13:00:00Z")]).await;
    let (keeper, connector) = keeper(&container);
    for (minutes, id) in [(60, "first"), (6, "first"), (4, "second"), (1, "second")] {
        let now = expires() - Duration::from_secs(minutes * 60);
        let credentials = keeper.get(&connector, now).await.expect("credentials");
        assert_eq!(credentials.id, id, "{minutes} minutes before");
    }
    assert_eq!(container.received().len(), 2);
    let request = &container.received()[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/get?x=1"));
    assert_eq!(request.header("authorization"), Some("let me in"));
}

#[tokio::test]
async fn while_the_old_ones_count_a_failed_renewal_is_no_failure() {
    let container = Server::plain([keys("first"), Act::refuse(500, "")]).await;
    let (keeper, connector) = keeper(&container);
    let before = |seconds| expires() - Duration::from_secs(seconds);
    assert_eq!(keeper.get(&connector, before(3600)).await.expect("credentials").id, "first");
    assert_eq!(keeper.get(&connector, before(200)).await.expect("credentials").id, "first");
    let asked = container.received().len();
    assert_eq!(asked, 4, "three attempts for the second time");
    // Not at every call.
    assert_eq!(keeper.get(&connector, before(195)).await.expect("credentials").id, "first");
    assert_eq!(container.received().len(), asked);
    let error = keeper.get(&connector, expires()).await.expect_err("expired");
    assert!(error.ends_with(": status 500"), "{error}");
}

#[tokio::test]
async fn a_call_is_signed_with_what_the_container_gives() {
    let container = Server::plain([keys_until("CONTAINER", "2999-01-01T00:00:00Z")]).await;
    let server = Server::plain([Act::ok("7")]).await;
    let mut env = env(&container);
    env.push(("AWS_ENDPOINT_URL", server.url().to_owned()));
    let transport = client(&env);
    for _ in 0..2 {
        assert_eq!(invoke(&transport).await.as_deref(), Ok(&b"7"[..]));
    }
    assert_eq!(container.received().len(), 1);
    signature::check(&server.received()[0], &Key { id: "CONTAINER", secret: "secret", token: Some("t") });
}

#[tokio::test]
async fn a_call_without_credentials_says_where_they_were_looked_for() {
    let mut env = Server::plain([]).await.env();
    env.retain(|(name, _)| *name != "AWS_ACCESS_KEY_ID");
    assert_eq!(settings(&env).source, Source::Nowhere);
    let error = invoke(&client(&env)).await.expect_err("no credentials");
    assert!(error.to_string().contains("no credentials: neither `AWS_ACCESS_KEY_ID`"), "{error}");
}

#[test]
fn a_secret_is_in_no_debug_output() {
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
