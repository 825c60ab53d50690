//! Which connection a request takes.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::server::{Act, Server, Setup};
use super::{call, client, invoke, ways};
use crate::transport::{Kind, Transport};

async fn over_tls(acts: Vec<Act>) -> Server {
    Server::start(Setup { tls: true, acts, ..Setup::default() }).await
}

#[tokio::test]
async fn calls_one_after_the_other_share_a_connection() {
    for (way, make) in ways() {
        let server = over_tls(vec![Act::ok("7")]).await;
        let transport = make(&server.env());
        for _ in 0..3 {
            assert_eq!(invoke(&transport).await.as_deref(), Ok(&b"7"[..]), "{way}");
        }
        assert_eq!((server.connections(), server.received().len()), (1, 3), "{way}");
    }
}

#[tokio::test]
async fn the_connection_is_there_before_the_first_call_which_waits_for_it() {
    let server = over_tls(vec![Act::ok("7")]).await;
    let transport = client(&server.env());
    transport.open();
    // Asking for it twice opens it once.
    transport.open();
    assert_eq!(invoke(&transport).await.as_deref(), Ok(&b"7"[..]));
    assert_eq!(server.connections(), 1);
    assert_eq!(server.received()[0].connection, 1);
}

#[tokio::test]
async fn nothing_is_opened_before_a_snapshot() {
    let server = over_tls(vec![Act::ok("7")]).await;
    let mut env = server.env();
    env.push(("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start".to_owned()));
    let transport = client(&env);
    transport.open();
    tokio::task::yield_now().await;
    assert_eq!(server.connections(), 0);
    assert_eq!(invoke(&transport).await.as_deref(), Ok(&b"7"[..]));
}

#[tokio::test]
async fn after_an_error_the_connection_is_not_used_again() {
    for act in [Act::refuse(500, "ServiceException"), Act::refuse(503, ""), Act::Truncate, Act::Cut] {
        let server = Server::plain([Act::ok("1"), act.clone(), Act::ok("3")]).await;
        let transport = client(&server.env());
        assert!(invoke(&transport).await.is_ok(), "{act:?}");
        assert!(invoke(&transport).await.is_err(), "{act:?}");
        assert!(invoke(&transport).await.is_ok(), "{act:?}");
        let connections: Vec<_> = server.received().iter().map(|request| request.connection).collect();
        assert_eq!(connections, [1, 1, 2], "{act:?}");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_will_close_is_not_used_again() {
    let last = Act::Answer(200, vec![("connection", "close".to_owned())], b"1".to_vec());
    let server = Server::plain([last, Act::ok("2")]).await;
    let transport = client(&server.env());
    assert_eq!(invoke(&transport).await.as_deref(), Ok(&b"1"[..]));
    assert_eq!(invoke(&transport).await.as_deref(), Ok(&b"2"[..]));
    assert_eq!(server.connections(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_at_once_are_each_answered() {
    for (way, make) in ways() {
        // Without TLS: on a busy machine a thousand handshakes at once take longer than a connection may.
        let server = Server::plain([Act::ok("7")]).await;
        let transport = make(&server.env());
        let mut calls = JoinSet::new();
        for _ in 0..1000 {
            let transport = Arc::clone(&transport);
            calls.spawn(async move { invoke(&transport).await });
        }
        let good = calls.join_all().await.iter().filter(|result| result.is_ok()).count();
        assert_eq!((good, server.received().len()), (1000, 1000), "{way}");
    }
}

#[test]
fn a_call_from_a_thread_without_a_runtime_is_made_on_the_first_one() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let (server, transport) = runtime.block_on(async {
        let server = Server::plain([Act::ok("7")]).await;
        let transport: Arc<dyn Transport> = client(&server.env());
        (server, transport)
    });
    let block_on = |future| tokio::runtime::Builder::new_current_thread().build().expect("one").block_on(future);
    let lost = std::thread::scope(|scope| {
        scope.spawn(|| transport.call(call(Kind::RequestResponse))).join().expect("a future")
    });
    let error = block_on(lost).expect_err("no runtime yet");
    assert!(!error.may_have_run(), "{error}");
    runtime.block_on(async { transport.open() });
    let reply = transport.call(call(Kind::RequestResponse));
    assert_eq!(block_on(reply).as_deref(), Ok(&b"7"[..]));
    assert_eq!(server.received().len(), 1);
}
