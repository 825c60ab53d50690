//! Tests of the number of attempts, counted by the server.

use bytes::Bytes;
use tokio::task::JoinSet;

use super::fake_server::{FakeServer, FakeServerConfig, Reaction};
use super::{ClientCase, call, client_cases, invoke};
use crate::Error;
use bedrock_model::transport::InvocationType;

/// Makes one call with every client, each against a server of its own. Returns the result and the number of requests.
async fn call_with_every_client(reactions: &[Reaction]) -> Vec<(&'static str, Result<Bytes, Error>, usize)> {
    let mut calls = JoinSet::new();
    for (name, make_client) in client_cases() {
        let reactions = reactions.to_vec();
        calls.spawn(async move {
            let server = FakeServer::without_tls(reactions).await;
            let result = invoke(&make_client(&server.env())).await;
            (name, result, server.received().len())
        });
    }
    calls.join_all().await
}

#[tokio::test]
async fn errors_before_execution_are_retried() {
    let table = [
        Reaction::error(429, "TooManyRequestsException"),
        Reaction::Respond(429, vec![("retry-after", "0".to_owned())], b"{}".to_vec()),
        Reaction::error(409, "ResourceConflictException"),
        Reaction::error(409, "SnapStartNotReadyException"),
        Reaction::error(502, "ResourceNotReadyException"),
        Reaction::error(502, "ENILimitReachedException"),
        Reaction::error(502, "EC2ThrottledException"),
        Reaction::error(502, "SubnetIPAddressLimitReachedException"),
    ];
    for refusal in table {
        for (client_name, result, attempts) in call_with_every_client(&[refusal.clone(), Reaction::ok("7")]).await {
            assert_eq!((result.as_deref(), attempts), (Ok(&b"7"[..]), 2), "{client_name}: {refusal:?}");
        }
    }
}

#[tokio::test]
async fn requests_that_may_have_run_are_sent_once() {
    let table = [
        (Reaction::Cut, "Transport"),
        (Reaction::Truncate, "Transport"),
        (Reaction::error(500, "ServiceException"), "Transport"),
        (Reaction::error(502, ""), "Transport"),
        (Reaction::error(503, ""), "Transport"),
        (Reaction::error(504, ""), "Transport"),
        (Reaction::Respond(200, vec![("x-amz-function-error", "Unhandled".to_owned())], b"{}".to_vec()), "Unknown"),
    ];
    for (reaction, kind) in table {
        for (client_name, result, attempts) in call_with_every_client(&[reaction.clone(), Reaction::ok("7")]).await {
            let error = result.expect_err("an error");
            assert_eq!(
                (error.error_type(), error.may_have_run(), attempts),
                (kind, true, 1),
                "{client_name}: {reaction:?}"
            );
        }
    }
}

#[tokio::test]
async fn permanent_errors_are_not_retried() {
    let table = [
        (Reaction::error(400, "InvalidParameterValueException"), "NotStarted"),
        (Reaction::error(400, "RecursiveInvocationException"), "NotStarted"),
        (Reaction::error(403, "AccessDeniedException"), "AccessDenied"),
        (Reaction::error(404, "ResourceNotFoundException"), "WorkerNotFound"),
        (Reaction::error(413, "RequestTooLargeException"), "PayloadTooLarge"),
        (Reaction::error(415, "UnsupportedMediaTypeException"), "NotStarted"),
        (Reaction::error(502, "KMSDisabledException"), "NotStarted"),
        (Reaction::error(502, "InvalidZipFileException"), "NotStarted"),
    ];
    for (reaction, kind) in table {
        for (client_name, result, attempts) in call_with_every_client(&[reaction.clone(), Reaction::ok("7")]).await {
            let error = result.expect_err("an error");
            assert_eq!(
                (error.error_type(), error.may_have_run(), attempts),
                (kind, false, 1),
                "{client_name}: {reaction:?}"
            );
        }
    }
}

#[tokio::test]
async fn throttled_function_fails_after_five_attempts() {
    let body = br#"{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","message":"Rate Exceeded."}"#;
    let code = vec![("x-amzn-errortype", "TooManyRequestsException".to_owned())];
    for (client_name, result, attempts) in
        call_with_every_client(&[Reaction::Respond(429, code.clone(), body.to_vec())]).await
    {
        let reason = "ReservedFunctionConcurrentInvocationLimitExceeded".to_owned();
        assert_eq!(result, Err(Error::Throttled { worker: "fetcher".to_owned(), reason }), "{client_name}");
        assert_eq!(attempts, 5, "{client_name}");
    }
}

#[tokio::test]
async fn failed_connection_is_retried() {
    for (client_name, make_client) in client_cases() {
        // The server closes the connection during the TLS handshake: the request has not been written.
        let server = FakeServer::start(FakeServerConfig {
            tls: true,
            rejected_handshakes: 2,
            reactions: vec![Reaction::ok("7")],
        })
        .await;
        let result = invoke(&make_client(&server.env())).await;
        assert_eq!(result.as_deref(), Ok(&b"7"[..]), "{client_name}");
        assert_eq!((server.connections(), server.received().len()), (3, 1), "{client_name}");
    }
}

#[tokio::test]
async fn refused_connection_reports_that_nothing_ran() {
    for (client_name, make_client) in client_cases() {
        let mut env = FakeServer::without_tls([]).await.env();
        let unused = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = unused.expect("an address");
        env.retain(|(name, _)| *name != "AWS_ENDPOINT_URL_LAMBDA");
        env.push(("AWS_ENDPOINT_URL", format!("http://{address}")));
        let error = invoke(&make_client(&env)).await.expect_err("refused");
        assert_eq!((error.error_type(), error.may_have_run()), ("Transport", false), "{client_name}: {error}");
        assert!(error.to_string().contains("refused"), "{client_name}: {error}");
    }
}

#[tokio::test]
async fn missing_credentials_open_no_connection() {
    for (client_name, make_client) in client_cases() {
        let server = FakeServer::without_tls([]).await;
        let mut env = server.env();
        env.retain(|(name, _)| *name != "AWS_ACCESS_KEY_ID");
        let error = invoke(&make_client(&env)).await.expect_err("no credentials");
        assert_eq!((error.error_type(), error.may_have_run()), ("AccessDenied", false), "{client_name}: {error}");
        assert_eq!(server.connections(), 0, "{client_name}");
    }
}

#[tokio::test]
async fn asynchronous_event_is_sent_once() {
    for (client_name, make_client) in client_cases() {
        let server = FakeServer::without_tls([Reaction::Respond(202, Vec::new(), Vec::new()), Reaction::Cut]).await;
        let transport = make_client(&server.env());
        assert_eq!(transport.call(call(InvocationType::Event)).await, Ok(Bytes::new()), "{client_name}");
        let error = transport.call(call(InvocationType::Event)).await.expect_err("cut");
        assert!(error.may_have_run(), "{client_name}: {error}");
        assert_eq!(server.received().len(), 2, "{client_name}");
        assert_eq!(server.received()[0].header("x-amz-invocation-type"), Some("Event"), "{client_name}");
    }
}

#[tokio::test]
async fn untrusted_certificate_is_not_retried() {
    let (_, make_client): ClientCase = client_cases()[0];
    let server = FakeServer::start(FakeServerConfig { tls: true, ..FakeServerConfig::default() }).await;
    let mut env = server.env();
    env.retain(|(name, _)| *name != "AWS_CA_BUNDLE");
    let error = invoke(&make_client(&env)).await.expect_err("unknown issuer");
    assert!(!error.may_have_run() && error.to_string().contains("certificate"), "{error}");
    assert_eq!((server.connections(), server.received().len()), (1, 0));
}
