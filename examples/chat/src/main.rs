//! A chat: the endpoint passes on what a model writes, token by token, as server-sent events.

use std::convert::Infallible;
use std::io::{self, ErrorKind};

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use bedrock::invoke;
use futures_util::stream::{self, Stream};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// The last line of an answer.
const END: &str = "END";

#[bedrock::main]
async fn main() -> bedrock::Result<()> {
    bedrock::serve(router()).await
}

fn router() -> Router {
    Router::new().route("/countdown", get(countdown)).route("/chat/{question}", get(chat))
}

/// Responds with events that are known from the start.
async fn countdown() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(stream::iter([3, 2, 1].map(|left| Ok(Event::default().data(left.to_string())))))
}

/// Responds with one event for each token. The client gets a token when the model has written it.
async fn chat(
    Path(question): Path<String>,
) -> Result<Sse<impl Stream<Item = io::Result<Event>>>, (StatusCode, String)> {
    let model = Model::ask(&question).await.map_err(|error| (StatusCode::BAD_GATEWAY, error.to_string()))?;
    // A body that fails cuts the connection: otherwise the client would take half an answer for a whole one.
    Ok(Sse::new(stream::try_unfold(model, async |mut model| match model.next_token().await? {
        Some(token) => Ok(Some((Event::default().data(token), model))),
        None => {
            invoke!("journal", json!({ "answer": model.answer })).await.map_err(io::Error::other)?;
            Ok(None)
        }
    })))
}

/// A model that is reached with one line, and answers with one line for each token. `MODEL_ADDRESS` is its address.
struct Model {
    connection: BufReader<TcpStream>,
    answer: String,
}

impl Model {
    async fn ask(question: &str) -> io::Result<Self> {
        let address = std::env::var("MODEL_ADDRESS").unwrap_or_else(|_| "127.0.0.1:7879".to_owned());
        let mut connection = BufReader::new(TcpStream::connect(address).await?);
        connection.write_all(format!("{question}\n").as_bytes()).await?;
        Ok(Self { connection, answer: String::new() })
    }

    /// Returns `None` at the end of the answer.
    async fn next_token(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        if self.connection.read_line(&mut line).await? == 0 {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "the model stopped in the middle of the answer"));
        }
        let token = line.trim_end();
        self.answer += token;
        Ok((token != END).then(|| token.to_owned()))
    }
}
