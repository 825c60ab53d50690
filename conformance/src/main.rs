//! Runs a list of steps and prints the result of each call as a line of JSON. The tests of this package start it.

use std::time::{Duration, Instant};

use bedrock::{Error, invoke};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// A step: a call of a worker, or one of the commands `wait`, `remove` and `say`.
#[derive(Debug, Clone, Deserialize)]
struct Step {
    worker: String,
    #[serde(default)]
    event: Value,
    /// Instead of `event`: an event for the case `length` whose JSON has this size in bytes.
    #[serde(default)]
    bytes: Option<usize>,
    #[serde(default)]
    fire_and_forget: bool,
    /// The number of concurrent calls. Default 1.
    #[serde(default)]
    times: Option<usize>,
}

#[bedrock::main]
async fn main() -> bedrock::Result<()> {
    let steps: Vec<Step> = serde_json::from_str(&std::env::args().nth(1).unwrap_or_default())?;
    for step in steps {
        match step.worker.as_str() {
            "wait" => tokio::time::sleep(Duration::from_millis(step.event.as_u64().unwrap_or(0))).await,
            "remove" => std::fs::remove_dir_all(step.event.as_str().unwrap_or_default())?,
            "say" => println!("{}", step.event),
            _ => tokio::spawn(run(step)).await?,
        }
    }
    Ok(())
}

async fn run(step: Step) {
    let times = step.times.unwrap_or(1);
    let calls: Vec<_> = (0..times).map(|_| tokio::spawn(call(step.clone()))).collect();
    for call in calls {
        println!("{}", call.await.unwrap_or_else(|error| json!({ "lost": error.to_string() })));
    }
}

async fn call(step: Step) -> Value {
    let event = match step.bytes {
        Some(bytes) => json!({ "do": "length", "value": "x".repeat(bytes - r#"{"do":"length","value":""}"#.len()) }),
        None => step.event,
    };
    let start = Instant::now();
    let result = if step.fire_and_forget {
        bedrock::invoke_arn(step.worker, event).await.map(|()| RawValue::NULL.to_owned())
    } else {
        invoke_worker(&step.worker, event).await
    };
    let ms = start.elapsed().as_millis() as u64;
    match result {
        Ok(response) if response.get().len() > 10_000 => json!({ "ok_bytes": response.get().len(), "ms": ms }),
        Ok(response) => json!({ "ok": response, "ms": ms }),
        Err(error) => error_json(&error, ms),
    }
}

async fn invoke_worker(worker: &str, event: Value) -> Result<Box<RawValue>, Error> {
    match worker {
        // The main workers are called with `invoke!`, like in an app.
        "rust_case" => {
            let response: Value = invoke!("rust_case", event, require_response = true).await?;
            Ok(serde_json::value::to_raw_value(&response).unwrap_or_else(|_| RawValue::NULL.to_owned()))
        }
        "python_case" => invoke!("python_case", event, require_response = true).await,
        "node_case" => invoke!("node_case", event, require_response = true).await,
        other => bedrock::invoke_arn(other, event).require_response().await,
    }
}

fn error_json(error: &Error, ms: u64) -> Value {
    let (message, trace) = match error {
        Error::Function { message, trace, .. } => (message.clone(), trace.len()),
        other => (other.to_string(), 0),
    };
    json!({
        "error": error.error_type(), "message": message, "trace": trace, "help": error.help(),
        "may_have_run": error.may_have_run(), "ms": ms,
    })
}
