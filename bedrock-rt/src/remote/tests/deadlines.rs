//! What a call inherits from the invocation that makes it: its time.

use std::time::Duration;

use super::server::{Act, Server};
use super::{call, caller, invoke, ways};
use crate::Error;
use crate::transport::{Call, Kind};

#[tokio::test]
async fn a_call_never_waits_past_its_callers_deadline() {
    for (way, make) in ways() {
        let server = Server::plain([Act::Hang, Act::ok("7")]).await;
        let transport = make(&server.env());
        let left = Duration::from_millis(300);
        let nested = Call { caller: Some(caller(left, "Root=1-a-b")), ..call(Kind::RequestResponse) };
        let Err(Error::Timeout { worker, after }) = transport.call(nested).await else { panic!("{way}: a timeout") };
        assert_eq!(worker, "fetcher", "{way}");
        // A little is kept, so that the caller can tell of it before it is ended itself.
        assert!(after < left, "{way}: {after:?}");
        assert_eq!(server.received().len(), 1, "{way}");
        // The connection is still waiting for the answer: nobody else may use it.
        assert_eq!(invoke(&transport).await.as_deref(), Ok(&b"7"[..]), "{way}");
        assert_eq!(server.received()[1].connection, 2, "{way}");
    }
}

#[tokio::test]
async fn a_caller_whose_time_is_over_calls_nobody() {
    for (way, make) in ways() {
        let server = Server::plain([Act::Hang]).await;
        let late = Call { caller: Some(caller(Duration::ZERO, "Root=1-a-b")), ..call(Kind::RequestResponse) };
        let result = make(&server.env()).call(late).await;
        assert!(matches!(result, Err(Error::Timeout { .. })), "{way}: {result:?}");
        assert_eq!(server.received().len(), 0, "{way}");
    }
}

#[tokio::test]
async fn a_pause_that_would_outlast_the_caller_is_not_begun() {
    for (way, make) in ways() {
        let throttled = Act::Answer(429, vec![("retry-after", "3600".to_owned())], b"{}".to_vec());
        let server = Server::plain([throttled]).await;
        let caller = Some(caller(Duration::from_secs(60), "Root=1-a-b"));
        let result = make(&server.env()).call(Call { caller, ..call(Kind::RequestResponse) }).await;
        assert!(matches!(result, Err(Error::Throttled { .. })), "{way}: {result:?}");
        assert_eq!(server.received().len(), 1, "{way}");
    }
}

#[tokio::test]
async fn the_time_that_lambda_gave_the_worker_is_the_timeouts() {
    for (way, make) in ways() {
        let body = br#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r Error: Task timed out after 3.00 seconds"}"#;
        let failed = vec![("x-amz-function-error", "Unhandled".to_owned())];
        let server = Server::plain([Act::Answer(200, failed, body.to_vec())]).await;
        let result = invoke(&make(&server.env())).await;
        let after = Duration::from_secs(3);
        assert_eq!(result, Err(Error::Timeout { worker: "fetcher".to_owned(), after }), "{way}");
    }
}
