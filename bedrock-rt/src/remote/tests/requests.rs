//! What a request looks like on the wire.

use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;

use super::server::{Act, Received, Server};
use super::signature::{self, Key};
use super::{Way, call, caller, invoke, ways};
use crate::transport::{Call, Kind, Target};

const KEY: Key<'static> = Key { id: "AKIDEXAMPLE", secret: "secret", token: Some("token") };

async fn one((_, make): Way, call: Call) -> Received {
    let server = Server::plain([Act::ok("7")]).await;
    make(&server.env()).call(call).await.expect("an answer");
    server.received().remove(0)
}

#[tokio::test]
async fn a_request_is_what_the_invoke_api_takes() {
    for way in ways() {
        let request = one(way, call(Kind::RequestResponse)).await;
        assert_eq!(request.method, "POST", "{}", way.0);
        assert_eq!(request.path, "/2015-03-31/functions/my_app-dev-fetcher/invocations", "{}", way.0);
        assert_eq!(request.body, br#"{"a":1}"#, "{}", way.0);
        // Absent, it means the same.
        assert!(matches!(request.header("x-amz-invocation-type"), None | Some("RequestResponse")), "{}", way.0);
    }
}

#[tokio::test]
async fn a_request_is_signed_as_awss_own_signer_does_it() {
    let targets =
        ["audit", "arn:aws:lambda:eu-west-1:123456789012:function:audit:$LATEST", "123456789012:function:audit:live"];
    for target in targets {
        let event = Bytes::from(vec![b'1'; 100_000]);
        let call = Call { target: Target::Any(target.to_owned()), event, ..call(Kind::Event) };
        signature::check(&one(ways()[0], call).await, &KEY);
    }
    let server = Server::plain([Act::ok("7")]).await;
    let mut env = server.env();
    env.retain(|(name, _)| *name != "AWS_SESSION_TOKEN");
    invoke(&(ways()[0].1)(&env)).await.expect("an answer");
    signature::check(&server.received()[0], &Key { token: None, ..KEY });
}

#[tokio::test]
async fn a_worker_is_called_beside_its_caller_and_an_arn_keeps_its_qualifier() {
    for way in ways() {
        let arn = "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3A";
        let nested =
            Call { caller: Some(caller(Duration::from_secs(60), "Root=1-a-b")), ..call(Kind::RequestResponse) };
        let request = one(way, nested).await;
        assert_eq!(request.path, format!("/2015-03-31/functions/{arn}my_app-dev-fetcher/invocations"), "{}", way.0);
        let target = Target::Any("arn:aws:lambda:eu-west-1:123456789012:function:audit:live".to_owned());
        let request = one(way, Call { target, ..call(Kind::RequestResponse) }).await;
        assert_eq!(request.path, format!("/2015-03-31/functions/{arn}audit%3Alive/invocations"), "{}", way.0);
    }
}

#[tokio::test]
async fn each_of_many_invocations_passes_its_own_trace_on() {
    for (way, make) in ways() {
        let server = Server::plain([Act::ok("7")]).await;
        let transport = make(&server.env());
        let mut calls = JoinSet::new();
        for number in 0..50 {
            let caller = Some(caller(Duration::from_secs(60), &format!("Root=1-{number};Lineage=1:{number}:0")));
            let event = Bytes::from(number.to_string());
            calls.spawn(transport.call(Call { event, caller, ..call(Kind::RequestResponse) }));
        }
        assert!(calls.join_all().await.iter().all(Result::is_ok), "{way}");
        for request in server.received() {
            let number = String::from_utf8_lossy(&request.body).into_owned();
            let expected = format!("Root=1-{number};Lineage=1:{number}:0");
            assert_eq!(request.header("x-amzn-trace-id"), Some(expected.as_str()), "{way}");
        }
        assert_eq!(server.received().len(), 50, "{way}");
    }
}

#[tokio::test]
async fn six_megabytes_go_and_come() {
    for (way, make) in ways() {
        let large = "x".repeat(crate::limits::SYNC_PAYLOAD - 2);
        let json = format!("\"{large}\"");
        let server = Server::plain([Act::ok(&json)]).await;
        let event = Bytes::from(json.clone());
        let response =
            make(&server.env()).call(Call { event, ..call(Kind::RequestResponse) }).await.expect("an answer");
        assert!(response == json.as_bytes() && server.received()[0].body == json.as_bytes(), "{way}");
    }
}
