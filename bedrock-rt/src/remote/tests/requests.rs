//! Tests of the HTTP request that is sent.

use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;

use super::fake_server::{FakeServer, Reaction, Received};
use super::reference_signature::{self, Key};
use super::{ClientCase, call, caller, client_cases, invoke};
use bedrock_model::transport::{Call, InvocationType, Target};

const KEY: Key<'static> = Key { id: "AKIDEXAMPLE", secret: "secret", token: Some("token") };

async fn send_one(client_case: ClientCase, call: Call) -> Received {
    let (_, make_client) = client_case;
    let server = FakeServer::without_tls([Reaction::ok("7")]).await;
    make_client(&server.env()).call(call).await.expect("an answer");
    server.received().remove(0)
}

#[tokio::test]
async fn request_matches_the_invoke_api() {
    for client_case in client_cases() {
        let request = send_one(client_case, call(InvocationType::RequestResponse)).await;
        assert_eq!(request.method, "POST", "{}", client_case.0);
        assert_eq!(request.path, "/2015-03-31/functions/my_app-dev-fetcher/invocations", "{}", client_case.0);
        assert_eq!(request.body, br#"{"a":1}"#, "{}", client_case.0);
        // A missing header means the same.
        assert!(matches!(request.header("x-amz-invocation-type"), None | Some("RequestResponse")), "{}", client_case.0);
    }
}

#[tokio::test]
async fn signature_matches_awss_signer() {
    let targets =
        ["audit", "arn:aws:lambda:eu-west-1:123456789012:function:audit:$LATEST", "123456789012:function:audit:live"];
    for target in targets {
        let event = Bytes::from(vec![b'1'; 100_000]);
        let call = Call { target: Target::Any(target.to_owned()), event, ..call(InvocationType::Event) };
        reference_signature::check(&send_one(client_cases()[0], call).await, &KEY);
    }
    let server = FakeServer::without_tls([Reaction::ok("7")]).await;
    let mut env = server.env();
    env.retain(|(name, _)| *name != "AWS_SESSION_TOKEN");
    invoke(&(client_cases()[0].1)(&env)).await.expect("an answer");
    reference_signature::check(&server.received()[0], &Key { token: None, ..KEY });
}

#[tokio::test]
async fn worker_arn_follows_its_caller_and_keeps_a_qualifier() {
    for client_case in client_cases() {
        let arn = "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3A";
        let nested = Call {
            caller: Some(caller(Duration::from_secs(60), "Root=1-a-b")),
            ..call(InvocationType::RequestResponse)
        };
        let request = send_one(client_case, nested).await;
        assert_eq!(
            request.path,
            format!("/2015-03-31/functions/{arn}my_app-dev-fetcher/invocations"),
            "{}",
            client_case.0
        );
        let target = Target::Any("arn:aws:lambda:eu-west-1:123456789012:function:audit:live".to_owned());
        let request = send_one(client_case, Call { target, ..call(InvocationType::RequestResponse) }).await;
        assert_eq!(request.path, format!("/2015-03-31/functions/{arn}audit%3Alive/invocations"), "{}", client_case.0);
    }
}

#[tokio::test]
async fn concurrent_calls_send_their_own_trace_headers() {
    for (client_name, make_client) in client_cases() {
        let server = FakeServer::without_tls([Reaction::ok("7")]).await;
        let transport = make_client(&server.env());
        let mut calls = JoinSet::new();
        for number in 0..50 {
            let caller = Some(caller(Duration::from_secs(60), &format!("Root=1-{number};Lineage=1:{number}:0")));
            let event = Bytes::from(number.to_string());
            calls.spawn(transport.call(Call { event, caller, ..call(InvocationType::RequestResponse) }));
        }
        assert!(calls.join_all().await.iter().all(Result::is_ok), "{client_name}");
        for request in server.received() {
            let number = String::from_utf8_lossy(&request.body).into_owned();
            let expected = format!("Root=1-{number};Lineage=1:{number}:0");
            assert_eq!(request.header("x-amzn-trace-id"), Some(expected.as_str()), "{client_name}");
        }
        assert_eq!(server.received().len(), 50, "{client_name}");
    }
}

#[tokio::test]
async fn six_megabyte_payload_and_response_are_transferred() {
    for (client_name, make_client) in client_cases() {
        let large = "x".repeat(crate::limits::MAX_SYNC_PAYLOAD_BYTES - 2);
        let json = format!("\"{large}\"");
        let server = FakeServer::without_tls([Reaction::ok(&json)]).await;
        let event = Bytes::from(json.clone());
        let response = make_client(&server.env())
            .call(Call { event, ..call(InvocationType::RequestResponse) })
            .await
            .expect("an answer");
        assert!(response == json.as_bytes() && server.received()[0].body == json.as_bytes(), "{client_name}");
    }
}
