//! Handlers of AWS's conformance requirements for durable functions, in Rust. The name of an execution begins with the
//! number of its requirement, `3-1`. The validator sends `{"Input": …}`. `rust_batches.rs` has those of `parallel` and `map`.

mod rust_batches;

use std::error::Error;
use std::future::{Ready, ready};
use std::time::Duration;

use bedrock::durable::sdk::builders::wait_for_condition::WaitDecision;
use bedrock::durable::sdk::serdes::SerdesContext;
use bedrock::durable::sdk::{RetryDecision, Serdes, StepContext, StepError, TypedError};
use bedrock::durable::{BoxError, DurableContext, DurableWorker, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The event of the validator.
#[derive(Debug, Serialize, Deserialize)]
pub struct Event {
    #[serde(rename = "Input", default)]
    pub input: Value,
}

#[bedrock::worker]
pub struct RustHandlers;

impl DurableWorker for RustHandlers {
    type Event = Event;
    type Response = Value;

    async fn execute(&self, event: Event, context: DurableContext) -> Result<Value> {
        let name = context.execution_arn().rsplit('/').nth(1).unwrap_or_default();
        let number = name.splitn(3, '-').take(2).collect::<Vec<_>>().join("-");
        let input = event.input;
        match number.split_once('-').map(|(group, _)| group) {
            Some("1") => steps(&number, &context, input).await,
            Some("2") => waits(&number, &context).await,
            Some("3") => children(&number, &context, input).await,
            Some("4") => callbacks(&number, &context, input).await,
            Some("5") => invocations(&number, &context, input).await,
            Some("6") => conditions(&number, &context, input).await,
            Some("7") => submitted_callbacks(&number, &context, input).await,
            Some("8") => rust_batches::parallels(&number, &context).await,
            _ => rust_batches::maps(&number, &context, input).await,
        }
    }
}

type Answer = Ready<Result<Value>>;

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

fn returns(value: impl Into<Value>) -> impl FnOnce(StepContext) -> Answer + Send {
    let value = value.into();
    move |_| ready(Ok(value))
}

fn fails(_: StepContext) -> Answer {
    ready(Err("no".into()))
}

fn fails_until(attempt: u32, value: impl Into<Value>) -> impl FnOnce(StepContext) -> Answer + Send {
    let value = value.into();
    move |step| ready(if step.attempt() < attempt { Err("not yet".into()) } else { Ok(value) })
}

/// Fails in its first attempt.
fn transient(step: StepContext) -> Answer {
    ready(if step.attempt() < 2 {
        Err(TypedError::with_type("TransientError", "not yet").into())
    } else {
        Ok("ok".into())
    })
}

fn if_transient(error: &StepError, _: u32) -> RetryDecision {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let mut types = causes.filter_map(|cause| cause.downcast_ref::<TypedError>()).map(TypedError::error_type);
    if types.any(|error_type| error_type == "TransientError") {
        RetryDecision::Retry { delay: seconds(1) }
    } else {
        RetryDecision::Stop
    }
}

fn no_retry(_: &StepError, _: u32) -> RetryDecision {
    RetryDecision::Stop
}

/// Retries after `delay` seconds, at most `attempts` times in all.
fn after(delay: u64, attempts: u32) -> impl Fn(&StepError, u32) -> RetryDecision + Send + Sync {
    move |_, made| {
        if made < attempts { RetryDecision::Retry { delay: seconds(delay) } } else { RetryDecision::Stop }
    }
}

struct Upper;

impl Serdes<Value> for Upper {
    async fn serialize(&self, value: Value, _: SerdesContext) -> Result<String, BoxError> {
        Ok(text(&value).to_uppercase())
    }

    async fn deserialize(&self, wire: String, _: SerdesContext) -> Result<Value, BoxError> {
        Ok(wire.to_uppercase().into())
    }
}

/// Keeps a text behind a mark.
struct Marked;

impl Serdes<String> for Marked {
    async fn serialize(&self, value: String, _: SerdesContext) -> Result<String, BoxError> {
        Ok(format!("mark:{value}"))
    }

    async fn deserialize(&self, wire: String, _: SerdesContext) -> Result<String, BoxError> {
        Ok(wire.strip_prefix("mark:").ok_or("there is no mark")?.to_owned())
    }
}

fn unknown(number: &str) -> Result<Value> {
    Err(format!("there is no handler {number}").into())
}

async fn steps(number: &str, c: &DurableContext, input: Value) -> Result<Value> {
    let greeting = || format!("Hello, {}!", text(&input));
    Ok(match number {
        "1-1" => c.step(returns(greeting())).await?,
        "1-2" => c.step(returns(greeting())).name("custom_step_name").await?,
        "1-3" => {
            let first = c.step(returns("first")).await?;
            c.step(returns(format!("{}_second", text(&first)))).await?
        }
        "1-4" => {
            let count = input["tags"].as_array().map_or(0, Vec::len);
            c.step(returns(json!({ "user": input, "count": count }))).await?
        }
        "1-5" => c.step(returns(Value::Null)).await?,
        "1-6" => c.step(returns(input)).serdes(Upper).await?,
        "1-8" | "1-9" => {
            let (value, wait) = if number == "1-8" { ("computed", 2) } else { ("cached_value", 1) };
            let result = c.step(returns(value)).await?;
            c.wait(seconds(wait)).await?;
            result
        }
        "1-10" => {
            let _ = c.step(fails).retry_strategy(no_retry).await;
            c.wait(seconds(1)).await?;
            Value::Null
        }
        "1-11" => c.step(fails_until(2, "Operation succeeded")).retry_strategy(after(1, 9)).await?,
        "1-12" => c.step(fails).retry_strategy(after(1, 4)).await?,
        "1-14" => {
            let backoff = |_: &StepError, made| RetryDecision::Retry { delay: seconds(2 * 3_u64.pow(made - 1)) };
            c.step(fails_until(3, "done")).retry_strategy(backoff).await?
        }
        "1-15" => c.step(transient).retry_strategy(if_transient).await?,
        "1-16" => c.step(transient).retry_strategy(no_retry).await?,
        "1-19" => c.step(fails).retry_strategy(no_retry).await?,
        "1-20" => {
            let _ = c.step(fails).retry_strategy(no_retry).await;
            c.step(returns("fallback_result")).await?
        }
        _ => return unknown(number),
    })
}

async fn waits(number: &str, c: &DurableContext) -> Result<Value> {
    match number {
        "2-1" => c.wait(seconds(2)).await?,
        "2-2" => c.wait(seconds(2)).name("custom_wait_name").await?,
        "2-3" => {
            c.wait(seconds(2)).name("wait-1").await?;
            c.wait(seconds(2)).name("wait-2").await?;
            return Ok(json!({ "completedWaits": 2 }));
        }
        "2-4" => c.wait(seconds(60)).await?,
        "2-5" => c.wait(seconds(3600)).await?,
        _ => return unknown(number),
    }
    Ok(Value::Null)
}

/// Runs a step in a child context.
async fn child_step(c: &DurableContext, name: &str, value: Value) -> Result<Value> {
    let child = c.run_in_child_context(move |child| async move { Ok(child.step(returns(value)).await?) });
    Ok(child.name(name).await?)
}

async fn child_with_wait(c: &DurableContext, value: Value) -> Result<Value> {
    let child = c.run_in_child_context(move |child| async move {
        let result = child.step(returns(value)).await?;
        child.wait(seconds(1)).await?;
        Ok(result)
    });
    Ok(child.name("child").await?)
}

async fn failing_child(c: &DurableContext, delay: u64, attempts: u32) -> Result<Value> {
    let child = c.run_in_child_context(move |child| async move {
        Ok(child.step(fails).retry_strategy(after(delay, attempts)).await?)
    });
    Ok(child.name("child").await?)
}

async fn children(number: &str, c: &DurableContext, input: Value) -> Result<Value> {
    Ok(match number {
        "3-1" => child_step(c, "child", input).await?,
        "3-2" => child_step(c, &text(&input["name"]), input["value"].clone()).await?,
        "3-3" => {
            let child = c.run_in_child_context(move |child| async move {
                let first: Value = child.step(returns(input)).await?;
                Ok(child.step(returns(first)).await?)
            });
            child.name("child").await?
        }
        "3-4" => failing_child(c, 1, 1).await?,
        "3-5" => {
            let _ = failing_child(c, 1, 1).await;
            c.step(returns(input)).await?
        }
        "3-6" => {
            let outer = c.run_in_child_context(move |outer| async move {
                outer.step(returns(input.clone())).await?;
                child_step(&outer, "inner", input).await
            });
            outer.name("outer").await?
        }
        "3-7" => {
            let child = c.run_in_child_context(move |child| async move {
                Ok(child.step(fails_until(2, input)).retry_strategy(after(1, 9)).await?)
            });
            child.name("child").await?
        }
        "3-8" => failing_child(c, 1, 2).await?,
        "3-9" => {
            let result = child_step(c, "child", input).await?;
            c.wait(seconds(1)).await?;
            result
        }
        "3-10" => child_with_wait(c, input).await?,
        "3-13" => {
            let child = c.run_in_child_context(move |child| async move {
                child.wait(seconds(1)).await?;
                Ok(input)
            });
            let result: Value = child.name("child").await?;
            c.step(returns(result)).await?
        }
        "3-14" => {
            let child = c.run_in_child_context(move |child| async move { Ok(child.step(returns(input)).await?) });
            child.name("child").serdes(Upper).await?
        }
        "3-15" => {
            let child = c.run_in_child_context(|_| async { Err::<Value, BoxError>("no".into()) });
            child.name("child").await?
        }
        "3-16" => c.run_in_child_context(|_| ready(Ok(Value::Null))).name("child").await?,
        "3-18" => {
            let result = child_with_wait(c, input).await?;
            c.step(returns(result.clone())).await?;
            c.wait(seconds(1)).await?;
            result
        }
        _ => return unknown(number),
    })
}

/// How a callback is waited for.
#[derive(Default)]
struct Callback {
    timeout: Option<u64>,
    heartbeat: Option<u64>,
    step: bool,
    wait: u64,
}

async fn callback(c: &DurableContext, name: &Value, how: Callback) -> Result<Value> {
    let mut builder = c.create_callback::<Value>().name(name.as_str().unwrap_or("approval"));
    if let Some(timeout) = how.timeout {
        builder = builder.timeout(seconds(timeout));
    }
    if let Some(heartbeat) = how.heartbeat {
        builder = builder.heartbeat(seconds(heartbeat));
    }
    let callback = builder.await?;
    if how.step {
        c.step(returns("done")).await?;
    }
    if how.wait > 0 {
        c.wait(seconds(how.wait)).await?;
    }
    Ok(callback.result().await?)
}

async fn callbacks(number: &str, c: &DurableContext, input: Value) -> Result<Value> {
    let simple = Callback::default;
    Ok(match number {
        "4-1" | "4-2" | "4-6" => callback(c, &input, simple()).await?,
        "4-3" => callback(c, &input, Callback { timeout: Some(5), ..simple() }).await?,
        "4-4" => callback(c, &input, Callback { heartbeat: Some(5), ..simple() }).await?,
        "4-5" => callback(c, &input, Callback { heartbeat: Some(10), ..simple() }).await?,
        "4-7" => callback(c, &input, Callback { step: true, ..simple() }).await?,
        "4-8" => callback(c, &input, Callback { timeout: Some(5), step: true, ..simple() }).await?,
        "4-9" | "4-10" => callback(c, &input, Callback { wait: 5, ..simple() }).await?,
        "4-11" => callback(c, &input, Callback { timeout: Some(3), wait: 6, ..simple() }).await?,
        "4-12" => {
            let result = callback(c, &input, simple()).await?;
            c.wait(seconds(2)).await?;
            result
        }
        "4-13" => {
            let result = callback(c, &input, simple()).await.unwrap_or_else(|_| "failed".into());
            c.wait(seconds(2)).await?;
            result
        }
        "4-14" => {
            let how = Callback { timeout: Some(3), ..simple() };
            let result = callback(c, &input, how).await.unwrap_or_else(|_| "timed out".into());
            c.wait(seconds(2)).await?;
            result
        }
        "4-16" => {
            let result = callback(c, &input, simple()).await?;
            let count = result.as_i64().or_else(|| result.as_str()?.parse().ok()).unwrap_or_default();
            json!({ "count": count, "doubled": 2 * count })
        }
        "4-17" => {
            let first = callback(c, &input[0], simple()).await?;
            json!([first, callback(c, &input[1], simple()).await?])
        }
        "4-18" | "4-19" => {
            let first = c.create_callback::<Value>().name(text(&input[0])).await?;
            let second = c.create_callback::<Value>().name(text(&input[1])).await?;
            if number == "4-18" {
                let first = first.result().await?;
                json!([first, second.result().await?])
            } else {
                let second = second.result().await?;
                json!([first.result().await?, second])
            }
        }
        _ => return unknown(number),
    })
}

async fn echo(c: &DurableContext, payload: impl Into<Value>) -> Result<Value> {
    Ok(c.invoke("echo", payload.into()).await?)
}

async fn invocations(number: &str, c: &DurableContext, input: Value) -> Result<Value> {
    Ok(match number {
        "5-1" | "5-3" | "5-4" => echo(c, input).await?,
        "5-2" => c.invoke("echo", input["payload"].clone()).name(text(&input["name"])).await?,
        "5-5" => c.invoke("failing", json!({})).await?,
        "5-6" => c.invoke("failing", json!({})).await.unwrap_or_else(|_| "fallback".into()),
        "5-8" => c.invoke("echo", input["payload"].clone()).tenant_id(text(&input["tenantId"])).await?,
        "5-9" => {
            echo(c, "x").await?;
            c.wait(seconds(1)).await?;
            Value::Null
        }
        "5-10" => {
            let result: Value = c.invoke("failing", json!({})).await.unwrap_or_else(|_| "fallback".into());
            c.wait(seconds(1)).await?;
            result
        }
        "5-12" => {
            let echoed = echo(c, "x").await?;
            c.step(returns(echoed)).await?
        }
        "5-15" => c.invoke("echo", input).payload_serdes(Upper).await?,
        "5-16" => c.invoke("echo", input).serdes(Upper).await?,
        "5-11" => {
            let stepped = c.step(returns("stepped")).await?;
            echo(c, stepped).await?
        }
        "5-13" => {
            let child = c.run_in_child_context(|child| async move { echo(&child, "x").await });
            child.name("child").await?
        }
        "5-14" => {
            let first = echo(c, "first").await?;
            json!([first, echo(c, "second").await?])
        }
        _ => return unknown(number),
    })
}

/// Counts from `start` to `target`.
async fn poll(c: &DurableContext, start: i64, target: i64) -> Result<i64> {
    let check = move |_: StepContext, state: i64| ready(Ok(state + 1));
    Ok(c.wait_for_condition(check, start).wait_strategy_fn(until(move |state| *state >= target, 1)).await?)
}

fn until<S>(is_met: impl Fn(&S) -> bool + Send + Sync, delay: u64) -> impl Fn(S, u32) -> WaitDecision + Send + Sync {
    move |state, _| {
        if is_met(&state) { WaitDecision::complete() } else { WaitDecision::continue_with(seconds(delay)) }
    }
}

async fn conditions(number: &str, c: &DurableContext, input: Value) -> Result<Value> {
    let target = input.as_i64().unwrap_or_default();
    Ok(match number {
        "6-1" => poll(c, 0, target).await?.into(),
        "6-2" => {
            let same = c.wait_for_condition(|_, state: i64| ready(Ok(state)), 5);
            same.wait_strategy_fn(until(move |state| *state >= target, 1)).await?.into()
        }
        "6-3" => {
            let named = c.wait_for_condition(|_, state: i64| ready(Ok(state + 1)), 0).name("poll-status");
            named.wait_strategy_fn(until(|state| *state >= 2, 1)).await?.into()
        }
        "6-4" => poll(c, 5, target).await?.into(),
        "6-5" => {
            let slow = c.wait_for_condition(|_, state: i64| ready(Ok(state + 1)), 0);
            slow.wait_strategy_fn(until(move |state| *state >= target, 2)).await?.into()
        }
        "6-6" => {
            let endless = c.wait_for_condition(|_, state: i64| ready(Ok(state + 1)), 0);
            let limited = |_, attempt| match attempt {
                0..3 => WaitDecision::continue_with(seconds(1)),
                _ => WaitDecision::Exhausted { reason: "max attempts exceeded".to_owned() },
            };
            endless.wait_strategy_fn(limited).await?.into()
        }
        "6-7" | "6-8" => {
            let check = |_, _: i64| ready(Err::<i64, BoxError>("no".into()));
            let result = c.wait_for_condition(check, 0).wait_strategy_fn(until(|_| true, 1)).await;
            if number == "6-7" { result?.into() } else { result.map_or_else(|_| "recovered".into(), Value::from) }
        }
        "6-9" => {
            let check = |_, state: Value| {
                let attempts = state["attempts"].as_i64().unwrap_or_default() + 1;
                ready(Ok(json!({ "status": if attempts < 2 { "PENDING" } else { "DONE" }, "attempts": attempts })))
            };
            let poll = c.wait_for_condition(check, json!({ "status": "PENDING", "attempts": 0 }));
            poll.wait_strategy_fn(until(|state: &Value| state["status"] == "DONE", 1)).await?
        }
        "6-10" => {
            let poll = c.wait_for_condition(|_, _: Value| ready(Ok(Value::Null)), Value::Null);
            poll.wait_strategy_fn(until(|_| true, 1)).await?
        }
        "6-11" => {
            let poll = c.wait_for_condition(|_, state: String| ready(Ok(state + "x")), String::new());
            poll.serdes(Marked).wait_strategy_fn(until(|state: &String| state.len() >= 2, 1)).await?.into()
        }
        "6-12" => {
            let counted = poll(c, 0, target).await?;
            c.step(returns(counted * 10)).await?
        }
        "6-13" => {
            let first = poll(c, 0, 2).await?;
            poll(c, first, 4).await?.into()
        }
        _ => return unknown(number),
    })
}

async fn submitted(c: &DurableContext, name: &Value, timeout: u64, heartbeat: u64) -> Result<Value> {
    let mut builder = c.wait_for_callback::<Value, _, _>(|_, _| ready(Ok(())));
    if let Some(name) = name.as_str() {
        builder = builder.name(name);
    }
    if timeout > 0 {
        builder = builder.timeout(seconds(timeout));
    }
    if heartbeat > 0 {
        builder = builder.heartbeat(seconds(heartbeat));
    }
    Ok(builder.await?)
}

async fn submitted_callbacks(number: &str, c: &DurableContext, input: Value) -> Result<Value> {
    Ok(match number {
        "7-1" | "7-3" | "7-4" | "7-15" => submitted(c, &input, 0, 0).await?,
        "7-2" => submitted(c, &"approval".into(), 0, 0).await?,
        "7-5" => submitted(c, &input, 3, 0).await?,
        "7-6" => submitted(c, &input, 0, 0).await.unwrap_or_else(|_| "recovered".into()),
        "7-7" => {
            let refused = c.wait_for_callback::<Value, _, _>(|_, _| ready(Err("no".into())));
            refused.name(text(&input)).submitter_retry(after(1, 2)).await?
        }
        "7-8" => {
            let child = c.run_in_child_context(move |child| async move { submitted(&child, &input, 0, 0).await });
            child.name("wrapper").await?
        }
        "7-9" => {
            let first = submitted(c, &"first".into(), 0, 0).await?;
            json!([first, submitted(c, &"second".into(), 0, 0).await?])
        }
        "7-10" => {
            c.wait(seconds(1)).await?;
            c.step(returns("data")).await?;
            submitted(c, &input, 0, 0).await?
        }
        "7-11" => submitted(c, &input, 0, 0).await?["status"].clone(),
        "7-12" => submitted(c, &input, 0, 5).await?,
        "7-13" => submitted(c, &input, 0, 10).await?,
        "7-14" => submitted(c, &input, 3, 0).await.unwrap_or_else(|_| "timed-out-handled".into()),
        _ => return unknown(number),
    })
}
