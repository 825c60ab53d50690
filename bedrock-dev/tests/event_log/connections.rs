//! Connections of clients that stop sending.

use std::time::Duration;

use bedrock_dev::event_log::Retention;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::fixture::TestServer;

const HOUR: Duration = Duration::from_secs(3600);

async fn connect(server: &TestServer, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).await.expect("a connection");
    stream.write_all(sent.as_bytes()).await.expect("sent");
    stream
}

#[tokio::test(start_paused = true)]
async fn connections_without_a_whole_request_are_closed() {
    let server = TestServer::start(Retention::default()).await;
    let host = &server.address;
    let whole = format!("GET /_bedrock/v1/app HTTP/1.1\r\nhost: {host}\r\n\r\n");
    let invocation = "POST /2015-03-31/functions/greeter/invocations HTTP/1.1";
    let half_body =
        format!("{invocation}\r\nhost: {host}\r\nauthorization: Bedrock any\r\ncontent-length: 10\r\n\r\n{{");
    for sent in ["", "GET / HTTP/1.1\r\nhost:", &whole, &format!("{whole}GET / HTT"), &half_body] {
        let mut stream = connect(&server, sent).await;
        let mut received = Vec::new();
        timeout(HOUR, stream.read_to_end(&mut received)).await.expect("it is closed").expect("an end");
        assert_eq!(received.starts_with(b"HTTP/1.1 200"), sent.starts_with(&whole), "{sent}");
    }
}

#[tokio::test(start_paused = true)]
async fn streamed_responses_have_no_time_limit() {
    let server = TestServer::start(Retention::default()).await;
    let mut stream = connect(
        &server,
        &format!("GET /_bedrock/v1/events HTTP/1.1\r\nhost: {}\r\naccept: text/event-stream\r\n\r\n", server.address),
    )
    .await;
    let mut buffer = [0; 4096];
    assert!(stream.read(&mut buffer).await.expect("a response") > 0);
    let closed = timeout(HOUR, async { while stream.read(&mut buffer).await.is_ok_and(|bytes| bytes > 0) {} }).await;
    assert!(closed.is_err());
}
