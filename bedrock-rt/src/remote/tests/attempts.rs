//! How often the worker is asked, counted at the server.

use bytes::Bytes;
use tokio::task::JoinSet;

use super::server::{Act, Server, Setup};
use super::{Way, call, invoke, ways};
use crate::Error;
use crate::transport::Kind;

/// Calls once through every way, each against a server of its own; gives what came of it and how often it was asked.
async fn through_all(acts: &[Act]) -> Vec<(&'static str, Result<Bytes, Error>, usize)> {
    let mut calls = JoinSet::new();
    for (name, make) in ways() {
        let acts = acts.to_vec();
        calls.spawn(async move {
            let server = Server::plain(acts).await;
            let result = invoke(&make(&server.env())).await;
            (name, result, server.received().len())
        });
    }
    calls.join_all().await
}

#[tokio::test]
async fn what_surely_did_not_run_is_tried_again() {
    let table = [
        Act::refuse(429, "TooManyRequestsException"),
        Act::Answer(429, vec![("retry-after", "0".to_owned())], b"{}".to_vec()),
        Act::refuse(409, "ResourceConflictException"),
        Act::refuse(409, "SnapStartNotReadyException"),
        Act::refuse(502, "ResourceNotReadyException"),
        Act::refuse(502, "ENILimitReachedException"),
        Act::refuse(502, "EC2ThrottledException"),
        Act::refuse(502, "SubnetIPAddressLimitReachedException"),
    ];
    for refusal in table {
        for (way, result, asked) in through_all(&[refusal.clone(), Act::ok("7")]).await {
            assert_eq!((result.as_deref(), asked), (Ok(&b"7"[..]), 2), "{way}: {refusal:?}");
        }
    }
}

#[tokio::test]
async fn what_may_have_run_is_asked_once_and_says_so() {
    let table = [
        (Act::Cut, "Transport"),
        (Act::Truncate, "Transport"),
        (Act::refuse(500, "ServiceException"), "Transport"),
        (Act::refuse(502, ""), "Transport"),
        (Act::refuse(503, ""), "Transport"),
        (Act::refuse(504, ""), "Transport"),
        (Act::Answer(200, vec![("x-amz-function-error", "Unhandled".to_owned())], b"{}".to_vec()), "Unknown"),
    ];
    for (act, kind) in table {
        for (way, result, asked) in through_all(&[act.clone(), Act::ok("7")]).await {
            let error = result.expect_err("an error");
            assert_eq!((error.error_type(), error.may_have_run(), asked), (kind, true, 1), "{way}: {act:?}");
        }
    }
}

#[tokio::test]
async fn what_will_not_change_is_asked_once() {
    let table = [
        (Act::refuse(400, "InvalidParameterValueException"), "NotStarted"),
        (Act::refuse(400, "RecursiveInvocationException"), "NotStarted"),
        (Act::refuse(403, "AccessDeniedException"), "AccessDenied"),
        (Act::refuse(404, "ResourceNotFoundException"), "WorkerNotFound"),
        (Act::refuse(413, "RequestTooLargeException"), "PayloadTooLarge"),
        (Act::refuse(415, "UnsupportedMediaTypeException"), "NotStarted"),
        (Act::refuse(502, "KMSDisabledException"), "NotStarted"),
        (Act::refuse(502, "InvalidZipFileException"), "NotStarted"),
    ];
    for (act, kind) in table {
        for (way, result, asked) in through_all(&[act.clone(), Act::ok("7")]).await {
            let error = result.expect_err("an error");
            assert_eq!((error.error_type(), error.may_have_run(), asked), (kind, false, 1), "{way}: {act:?}");
        }
    }
}

#[tokio::test]
async fn a_function_that_stays_throttled_is_given_up_after_five_attempts() {
    let body = br#"{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","message":"Rate Exceeded."}"#;
    let code = vec![("x-amzn-errortype", "TooManyRequestsException".to_owned())];
    for (way, result, asked) in through_all(&[Act::Answer(429, code.clone(), body.to_vec())]).await {
        let reason = "ReservedFunctionConcurrentInvocationLimitExceeded".to_owned();
        assert_eq!(result, Err(Error::Throttled { worker: "fetcher".to_owned(), reason }), "{way}");
        assert_eq!(asked, 5, "{way}");
    }
}

#[tokio::test]
async fn a_connection_that_fails_before_the_request_is_tried_again() {
    for (way, make) in ways() {
        // Turned away during the handshake of TLS: the request has not been written.
        let server = Server::start(Setup { tls: true, turned_away: 2, acts: vec![Act::ok("7")] }).await;
        let result = invoke(&make(&server.env())).await;
        assert_eq!(result.as_deref(), Ok(&b"7"[..]), "{way}");
        assert_eq!((server.connections(), server.received().len()), (3, 1), "{way}");
    }
}

#[tokio::test]
async fn nobody_at_the_address_is_an_error_that_says_nothing_ran() {
    for (way, make) in ways() {
        let mut env = Server::plain([]).await.env();
        let unused = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = unused.expect("an address");
        env.retain(|(name, _)| *name != "AWS_ENDPOINT_URL_LAMBDA");
        env.push(("AWS_ENDPOINT_URL", format!("http://{address}")));
        let error = invoke(&make(&env)).await.expect_err("nobody");
        assert_eq!((error.error_type(), error.may_have_run()), ("Transport", false), "{way}: {error}");
        assert!(error.to_string().contains("refused"), "{way}: {error}");
    }
}

#[tokio::test]
async fn without_credentials_nobody_is_called() {
    for (way, make) in ways() {
        let server = Server::plain([]).await;
        let mut env = server.env();
        env.retain(|(name, _)| *name != "AWS_ACCESS_KEY_ID");
        let error = invoke(&make(&env)).await.expect_err("no credentials");
        assert_eq!((error.error_type(), error.may_have_run()), ("AccessDenied", false), "{way}: {error}");
        assert_eq!(server.connections(), 0, "{way}");
    }
}

#[tokio::test]
async fn an_event_is_handed_over_once() {
    for (way, make) in ways() {
        let server = Server::plain([Act::Answer(202, Vec::new(), Vec::new()), Act::Cut]).await;
        let transport = make(&server.env());
        assert_eq!(transport.call(call(Kind::Event)).await, Ok(Bytes::new()), "{way}");
        let error = transport.call(call(Kind::Event)).await.expect_err("cut");
        assert!(error.may_have_run(), "{way}: {error}");
        assert_eq!(server.received().len(), 2, "{way}");
        assert_eq!(server.received()[0].header("x-amz-invocation-type"), Some("Event"), "{way}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_trusted_is_not_asked_again() {
    let (_, make): Way = ways()[0];
    let server = Server::start(Setup { tls: true, ..Setup::default() }).await;
    let mut env = server.env();
    env.retain(|(name, _)| *name != "AWS_CA_BUNDLE");
    let error = invoke(&make(&env)).await.expect_err("unknown issuer");
    assert!(!error.may_have_run() && error.to_string().contains("certificate"), "{error}");
    assert_eq!((server.connections(), server.received().len()), (1, 0));
}
