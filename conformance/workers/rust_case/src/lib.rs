//! Runs the case that the event names, including failures. The same cases exist in Python and JavaScript.

#![forbid(unsafe_code)]

#[cfg(feature = "sdk")]
mod sdk;

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bedrock::{Context, Result, Worker, WorkerError, invoke};
use serde_json::{Value, json};

/// The worker. It counts its calls, so that tests can check that there is one instance per execution environment.
#[bedrock::worker]
#[derive(Default)]
pub struct RustCase {
    calls: AtomicU64,
}

impl Worker for RustCase {
    type Event = Value;
    type Response = Value;

    async fn execute(&self, event: Value, context: &Context) -> Result<Value> {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        match event["do"].as_str().unwrap_or_default() {
            "echo" => Ok(event["value"].clone()),
            "variable" => Ok(event["name"].as_str().and_then(|name| std::env::var(name).ok()).into()),
            "calls" => Ok(json!(calls)),
            "sleep" => {
                tokio::time::sleep(Duration::from_millis(event["ms"].as_u64().unwrap_or(0))).await;
                Ok(json!("slept"))
            }
            "block" => {
                std::thread::sleep(Duration::from_millis(event["ms"].as_u64().unwrap_or(0)));
                Ok(json!("blocked"))
            }
            "context" => Ok(json!({
                "id": context.request_id(), "arn": context.function_arn(), "name": context.function_name(),
                "memory": context.memory_limit(), "version": context.function_version(),
                "remaining": context.remaining_time().as_millis() as u64, "trace": context.trace_id(),
            })),
            "raise" => Err(WorkerError::new("BadCase", "requested failure")),
            "panic" => panic!("requested failure"),
            // Test cases may do what workers should not do.
            #[allow(clippy::disallowed_methods, clippy::exit)]
            "exit" => std::process::exit(3),
            "abort" => std::process::abort(),
            "loop" => loop {
                std::hint::spin_loop();
            },
            "deadlock" => deadlock(),
            "nothing" => Ok(Value::Null),
            "length" => Ok(json!(event["value"].as_str().map_or(0, str::len))),
            "make" => Ok(json!("x".repeat(event["length"].as_u64().unwrap_or(0) as usize))),
            "hold" => hold(&event).await,
            "log" => {
                tracing::warn!("{}", event["text"].as_str().unwrap_or_default());
                Ok(json!("logged"))
            }
            "print" => print(&event),
            "append" => append(&event),
            "call" => call(&event).await,
            #[cfg(feature = "sdk")]
            "sdk" => sdk::invoke(&event).await,
            other => Err(WorkerError::new("NoSuchCase", other)),
        }
    }
}

/// Allocates memory; with `ever`, the call never ends.
async fn hold(event: &Value) -> Result<Value> {
    let memory = std::hint::black_box(vec![1_u8; event["bytes"].as_u64().unwrap_or(0) as usize]);
    if event["ever"].as_bool().unwrap_or(false) {
        std::future::pending::<()>().await;
    }
    Ok(json!(memory.len()))
}

fn deadlock() -> Result<Value> {
    let lock: &Mutex<()> = Box::leak(Box::new(Mutex::new(())));
    let first = lock.lock();
    let second = lock.lock();
    drop((first, second));
    Ok(Value::Null)
}

fn print(event: &Value) -> Result<Value> {
    let text = event["text"].as_str().unwrap_or_default();
    for _ in 0..event["times"].as_u64().unwrap_or(1) {
        std::io::stdout().write_all(text.as_bytes())?;
    }
    std::io::stdout().flush()?;
    Ok(json!("printed"))
}

/// Appends a line to a file, and fails if the event says so. Tests of asynchronous calls count the lines.
fn append(event: &Value) -> Result<Value> {
    let path = event["path"].as_str().unwrap_or_default();
    std::thread::sleep(Duration::from_millis(event["ms"].as_u64().unwrap_or(0)));
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(b"ran\n")?;
    if event["fail"].as_bool().unwrap_or(false) {
        return Err(WorkerError::new("BadCase", "requested failure"));
    }
    Ok(json!("appended"))
}

async fn call(event: &Value) -> Result<Value> {
    let inner = event["event"].clone();
    tokio::time::sleep(Duration::from_millis(event["after"].as_u64().unwrap_or(0))).await;
    Ok(match event["worker"].as_str().unwrap_or_default() {
        "python_case" => invoke!("python_case", inner, require_response = true).await?,
        "node_case" => invoke!("node_case", inner, require_response = true).await?,
        other => bedrock::invoke_arn(other, inner).require_response().await?,
    })
}
