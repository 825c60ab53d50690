//! Tests of the deadline that a call inherits from its invocation.

use std::time::Duration;

use super::fake_server::{FakeServer, Reaction};
use super::{call, caller, client_cases, invoke};
use crate::Error;
use bedrock_model::transport::{Call, InvocationType};

#[tokio::test]
async fn call_times_out_before_its_callers_deadline() {
    for (client_name, make_client) in client_cases() {
        let server = FakeServer::without_tls([Reaction::Hang, Reaction::ok("7")]).await;
        let transport = make_client(&server.env());
        let left = Duration::from_millis(300);
        let nested = Call { caller: Some(caller(left, "Root=1-a-b")), ..call(InvocationType::RequestResponse) };
        let Err(Error::Timeout { worker, after }) = transport.call(nested).await else {
            panic!("{client_name}: a timeout")
        };
        assert_eq!(worker, "fetcher", "{client_name}");
        // The reserve lets the caller report the error before its own timeout.
        assert!(after < left, "{client_name}: {after:?}");
        assert_eq!(server.received().len(), 1, "{client_name}");
        // The connection still waits for the response, so no other call may use it.
        assert_eq!(invoke(&transport).await.as_deref(), Ok(&b"7"[..]), "{client_name}");
        assert_eq!(server.received()[1].connection, 2, "{client_name}");
    }
}

#[tokio::test]
async fn expired_caller_sends_no_request() {
    for (client_name, make_client) in client_cases() {
        let server = FakeServer::without_tls([Reaction::Hang]).await;
        let late = Call { caller: Some(caller(Duration::ZERO, "Root=1-a-b")), ..call(InvocationType::RequestResponse) };
        let result = make_client(&server.env()).call(late).await;
        assert!(matches!(result, Err(Error::Timeout { .. })), "{client_name}: {result:?}");
        assert_eq!(server.received().len(), 0, "{client_name}");
    }
}

#[tokio::test]
async fn retry_delay_beyond_the_deadline_is_not_started() {
    for (client_name, make_client) in client_cases() {
        let throttled = Reaction::Respond(429, vec![("retry-after", "3600".to_owned())], b"{}".to_vec());
        let server = FakeServer::without_tls([throttled]).await;
        let caller = Some(caller(Duration::from_secs(60), "Root=1-a-b"));
        let result = make_client(&server.env()).call(Call { caller, ..call(InvocationType::RequestResponse) }).await;
        assert!(matches!(result, Err(Error::Throttled { .. })), "{client_name}: {result:?}");
        assert_eq!(server.received().len(), 1, "{client_name}");
    }
}

#[tokio::test]
async fn timeout_error_contains_lambdas_timeout() {
    for (client_name, make_client) in client_cases() {
        let body = br#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r Error: Task timed out after 3.00 seconds"}"#;
        let failed = vec![("x-amz-function-error", "Unhandled".to_owned())];
        let server = FakeServer::without_tls([Reaction::Respond(200, failed, body.to_vec())]).await;
        let result = invoke(&make_client(&server.env())).await;
        let after = Duration::from_secs(3);
        assert_eq!(result, Err(Error::Timeout { worker: "fetcher".to_owned(), after }), "{client_name}");
    }
}
