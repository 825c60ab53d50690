//! Tests of the connection that a request uses.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::fake_server::{FakeServer, FakeServerConfig, Reaction};
use super::{call, client, client_cases, invoke};
use bedrock_model::transport::{InvocationType, Transport};

async fn over_tls(reactions: Vec<Reaction>) -> FakeServer {
    FakeServer::start(FakeServerConfig { tls: true, reactions, ..FakeServerConfig::default() }).await
}

#[tokio::test]
async fn sequential_calls_share_a_connection() {
    for (client_name, make_client) in client_cases() {
        let server = over_tls(vec![Reaction::ok("7")]).await;
        let transport = make_client(&server.env());
        for _ in 0..3 {
            assert_eq!(invoke(&transport).await.as_deref(), Ok(&b"7"[..]), "{client_name}");
        }
        assert_eq!((server.connections(), server.received().len()), (1, 3), "{client_name}");
    }
}

#[tokio::test]
async fn first_call_uses_the_connection_that_was_opened_early() {
    let server = over_tls(vec![Reaction::ok("7")]).await;
    let transport = client(&server.env());
    transport.open();
    // A second call opens no second connection.
    transport.open();
    assert_eq!(invoke(&transport).await.as_deref(), Ok(&b"7"[..]));
    assert_eq!(server.connections(), 1);
    assert_eq!(server.received()[0].connection, 1);
}

#[tokio::test]
async fn snapstart_connects_only_on_the_first_call() {
    let server = over_tls(vec![Reaction::ok("7")]).await;
    let mut env = server.env();
    env.push(("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start".to_owned()));
    let transport = client(&env);
    transport.open();
    tokio::task::yield_now().await;
    assert_eq!(server.connections(), 0);
    assert_eq!(invoke(&transport).await.as_deref(), Ok(&b"7"[..]));
}

#[tokio::test]
async fn connection_is_not_reused_after_an_error() {
    for reaction in
        [Reaction::error(500, "ServiceException"), Reaction::error(503, ""), Reaction::Truncate, Reaction::Cut]
    {
        let server = FakeServer::without_tls([Reaction::ok("1"), reaction.clone(), Reaction::ok("3")]).await;
        let transport = client(&server.env());
        assert!(invoke(&transport).await.is_ok(), "{reaction:?}");
        assert!(invoke(&transport).await.is_err(), "{reaction:?}");
        assert!(invoke(&transport).await.is_ok(), "{reaction:?}");
        let connections: Vec<_> = server.received().iter().map(|request| request.connection).collect();
        assert_eq!(connections, [1, 1, 2], "{reaction:?}");
    }
}

#[tokio::test]
async fn connection_with_close_header_is_not_reused() {
    let last = Reaction::Respond(200, vec![("connection", "close".to_owned())], b"1".to_vec());
    let server = FakeServer::without_tls([last, Reaction::ok("2")]).await;
    let transport = client(&server.env());
    assert_eq!(invoke(&transport).await.as_deref(), Ok(&b"1"[..]));
    assert_eq!(invoke(&transport).await.as_deref(), Ok(&b"2"[..]));
    assert_eq!(server.connections(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_concurrent_calls_succeed() {
    for (client_name, make_client) in client_cases() {
        // Without TLS: on a busy machine a thousand concurrent handshakes take longer than the connect timeout.
        let server = FakeServer::without_tls([Reaction::ok("7")]).await;
        let transport = make_client(&server.env());
        let mut calls = JoinSet::new();
        for _ in 0..1000 {
            let transport = Arc::clone(&transport);
            calls.spawn(async move { invoke(&transport).await });
        }
        let good = calls.join_all().await.iter().filter(|result| result.is_ok()).count();
        assert_eq!((good, server.received().len()), (1000, 1000), "{client_name}");
    }
}

#[test]
fn call_without_runtime_uses_the_first_runtime() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let (server, transport) = runtime.block_on(async {
        let server = FakeServer::without_tls([Reaction::ok("7")]).await;
        let transport: Arc<dyn Transport> = client(&server.env());
        (server, transport)
    });
    let block_on = |future| tokio::runtime::Builder::new_current_thread().build().expect("one").block_on(future);
    let lost = std::thread::scope(|scope| {
        scope.spawn(|| transport.call(call(InvocationType::RequestResponse))).join().expect("a future")
    });
    let error = block_on(lost).expect_err("no runtime yet");
    assert!(!error.may_have_run(), "{error}");
    runtime.block_on(async { transport.open() });
    let reply = transport.call(call(InvocationType::RequestResponse));
    assert_eq!(block_on(reply).as_deref(), Ok(&b"7"[..]));
    assert_eq!(server.received().len(), 1);
}
