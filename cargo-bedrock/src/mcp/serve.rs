//! Answers the requests on standard input, several at a time, until it ends.

use std::io::BufRead;

use bedrock_build::App;
use serde_json::{Value, json};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinSet;

use super::protocol::{Incoming, initialized, invalid_params, parse, response, tool_result, unknown_method};
use super::tools::Tools;
use crate::ui::Printer;
use bedrock_diagnostics::{Error, Result};

/// Number of lines that are read ahead.
const MAX_LINES_AHEAD: usize = 16;

/// Serves until the standard input ends or the program is interrupted.
pub(crate) fn serve(app: &App, allow_invoke: bool) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::io("failed to start the async runtime", &error))?;
    let tools = Tools { app: app.clone(), allow_invoke };
    let (sender, mut lines) = channel(MAX_LINES_AHEAD);
    std::thread::spawn(move || read_lines(&sender));
    let result = runtime.block_on(async {
        let mut running = JoinSet::new();
        while let Some(line) = lines.recv().await {
            let tools = tools.clone();
            running.spawn(async move { handle(&tools, &line).await.map_or(Ok(()), |message| print(&message)) });
        }
        while let Some(finished) = running.join_next().await {
            finished.unwrap_or(Ok(()))?;
        }
        Ok(())
    });
    runtime.shutdown_background();
    result
}

fn read_lines(lines: &Sender<String>) {
    for line in std::io::stdin().lock().lines().map_while(std::result::Result::ok) {
        if !line.trim().is_empty() && lines.blocking_send(line).is_err() {
            return;
        }
    }
}

fn print(message: &Value) -> Result<()> {
    Printer::data(&format!("{message}\n"))
}

/// Returns the response to a line. `None` if it needs none.
async fn handle(tools: &Tools, line: &str) -> Option<Value> {
    let (id, method, params) = match parse(line) {
        Incoming::Request { id, method, params } => (id, method, params),
        Incoming::Notification => return None,
        Incoming::Invalid(response) => return Some(response),
    };
    let result = match method.as_str() {
        "initialize" => initialized(&params, &instructions(tools)),
        "ping" => json!({}),
        "tools/list" => json!({ "tools": tools.list() }),
        "tools/call" => {
            let name = params["name"].as_str().unwrap_or_default();
            match tools.call(name, &params["arguments"]).await {
                Ok(output) => tool_result(&output.text, output.is_error),
                Err(message) => return Some(invalid_params(&id, &message)),
            }
        }
        _ => return Some(unknown_method(&id, &method)),
    };
    Some(response(&id, &result))
}

fn instructions(tools: &Tools) -> String {
    format!(
        "Reads the app `{}` in `{}`. All tools but `list` need a running `cargo bedrock dev`.",
        tools.app.name,
        tools.app.root.display()
    )
}
