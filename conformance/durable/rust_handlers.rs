//! Handlers of AWS's conformance requirements for durable functions, in Rust. The name of an execution begins with the
//! number of its requirement, `3-1`. The validator sends `{"Input": …}`.

use std::future::{Ready, ready};
use std::time::Duration;

use bedrock::durable::sdk::builders::map_parallel::{CompletionConfig, NestingMode};
use bedrock::durable::sdk::builders::wait_for_condition::WaitDecision;
use bedrock::durable::sdk::serdes::SerdesContext;
use bedrock::durable::sdk::{Branch, RetryDecision, Serdes, StepContext, StepError};
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
            Some("8") => parallels(&number, &context).await,
            _ => maps(&number, &context, input).await,
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
        Ok(wire.into())
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
        "4-17" => {
            let first = callback(c, &input[0], simple()).await?;
            json!([first, callback(c, &input[1], simple()).await?])
        }
        _ => return unknown(number),
    })
}

async fn echo(c: &DurableContext, payload: impl Into<Value>) -> Result<Value> {
    Ok(c.invoke("echo", payload.into()).await?)
}

async fn invocations(number: &str, c: &DurableContext, input: Value) -> Result<Value> {
    Ok(match number {
        "5-1" | "5-3" => echo(c, input).await?,
        "5-2" => c.invoke("echo", input["payload"].clone()).name(text(&input["name"])).await?,
        "5-5" => c.invoke("failing", json!({})).await?,
        "5-6" => c.invoke("failing", json!({})).await.unwrap_or_else(|_| "fallback".into()),
        "5-8" => c.invoke("echo", input["payload"].clone()).tenant_id(text(&input["tenantId"])).await?,
        "5-9" => {
            echo(c, "x").await?;
            c.wait(seconds(1)).await?;
            Value::Null
        }
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

async fn conditions(number: &str, c: &DurableContext, input: Value) -> Result<Value> {
    let target = if number == "6-3" { 2 } else { input.as_i64().unwrap_or_default() };
    let (start, step, delay) = match number {
        "6-1" | "6-3" => (0, 1, 1),
        "6-2" => (5, 0, 1),
        "6-4" => (5, 1, 1),
        "6-5" => (0, 1, 2),
        _ => return unknown(number),
    };
    let check = move |_: StepContext, state: i64| ready(Ok(state + step));
    let poll = c.wait_for_condition(check, start).wait_strategy_fn(move |state, _| {
        if state >= target { WaitDecision::complete() } else { WaitDecision::continue_with(seconds(delay)) }
    });
    Ok(if number == "6-3" { poll.name("poll-status").await? } else { poll.await? }.into())
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
        "7-1" | "7-4" => submitted(c, &input, 0, 0).await?,
        "7-2" => submitted(c, &"approval".into(), 0, 0).await?,
        "7-5" => submitted(c, &input, 3, 0).await?,
        "7-6" => submitted(c, &input, 0, 0).await.unwrap_or_else(|_| "recovered".into()),
        "7-8" => {
            let child = c.run_in_child_context(move |child| async move { submitted(&child, &input, 0, 0).await });
            child.name("wrapper").await?
        }
        "7-9" => {
            let first = submitted(c, &"first".into(), 0, 0).await?;
            json!([first, submitted(c, &"second".into(), 0, 0).await?])
        }
        "7-12" => submitted(c, &input, 0, 5).await?,
        "7-13" => submitted(c, &input, 0, 10).await?,
        _ => return unknown(number),
    })
}

fn branch(name: &str, result: Result<Value, &'static str>) -> Branch<Value> {
    Branch::new(name, move |_| ready(result.map_err(BoxError::from)))
}

fn step_branch(name: &str) -> Branch<Value> {
    let value = name.to_owned();
    Branch::new(name, move |child| async move { Ok(child.step(returns(value)).await?) })
}

fn ok_branches(values: &[Value]) -> Vec<Branch<Value>> {
    values.iter().enumerate().map(|(at, value)| branch(&format!("b{at}"), Ok(value.clone()))).collect()
}

/// What a handler returns of a batch.
struct Batch {
    status: &'static str,
    reason: &'static str,
    succeeded: usize,
    failed: usize,
    total: usize,
}

macro_rules! batch {
    ($builder:expr) => {{
        let batch = $builder.max_concurrency(1).await_batch().await?;
        Batch {
            status: batch.status().as_str(),
            reason: batch.reason.as_str(),
            succeeded: batch.success_count(),
            failed: batch.failure_count(),
            total: batch.total_count(),
        }
    }};
}

impl Batch {
    fn all(&self) -> Value {
        let mut value = self.counts();
        value["status"] = self.status.into();
        value
    }

    fn counts(&self) -> Value {
        json!({
            "completionReason": self.reason, "successCount": self.succeeded, "failureCount": self.failed,
            "totalCount": self.total
        })
    }

    fn counted(&self) -> Value {
        json!({ "completionReason": self.reason, "successCount": self.succeeded, "totalCount": self.total })
    }
}

async fn parallels(number: &str, c: &DurableContext) -> Result<Value> {
    let run = |branches| c.parallel(branches).name("parallel").max_concurrency(1);
    let failing = |ok: [bool; 3]| -> Vec<Branch<Value>> {
        let branches = ok.iter().enumerate();
        branches.map(|(at, ok)| branch(&format!("b{at}"), if *ok { Ok("ok".into()) } else { Err("no") })).collect()
    };
    Ok(match number {
        "8-1" => run(vec![step_branch("task-1"), step_branch("task-2")]).await?.into(),
        "8-2" => run(ok_branches(&["alpha".into(), "beta".into()])).await?.into(),
        "8-3" => run(vec![branch("first", Ok("one".into())), branch("second", Ok("two".into()))]).await?.into(),
        "8-4" => run(ok_branches(&["hello".into(), 42.into(), json!({ "k": "v" })])).await?.into(),
        "8-5" => run(Vec::new()).await?.into(),
        "8-6" => {
            let builder = c.parallel(failing([true, false, true])).name("parallel");
            batch!(builder.completion(CompletionConfig::with_tolerated_failure_count(0))).all()
        }
        "8-8" => {
            let ok: Vec<Value> = vec!["ok".into(); 4];
            let builder = c.parallel(ok_branches(&ok)).name("parallel");
            batch!(builder.completion(CompletionConfig::with_min_successful(2))).counted()
        }
        "8-9" => {
            let builder = c.parallel(failing([true, false, true])).name("parallel");
            batch!(builder.completion(CompletionConfig::with_tolerated_failure_count(1))).all()
        }
        "8-10" => {
            let builder = c.parallel(failing([false, false, true])).name("parallel");
            batch!(builder.completion(CompletionConfig::with_tolerated_failure_count(1))).counts()
        }
        "8-11" => run(ok_branches(&["r0".into(), "r1".into(), "r2".into()])).max_concurrency(2).await?.into(),
        "8-12" => run(vec![step_branch("fa"), step_branch("fb")]).nesting(NestingMode::Flat).await?.into(),
        _ => return unknown(number),
    })
}

/// Maps the numbers below `items`; those in `failing` fail.
macro_rules! map_numbers {
    ($context:expr, $items:expr, $failing:expr, $value:expr) => {{
        let map = move |_: DurableContext, item: usize, _: usize| {
            let value: fn(usize) -> Value = $value;
            ready(if $failing.contains(&item) { Err(BoxError::from(format!("item {item}"))) } else { Ok(value(item)) })
        };
        $context.map(0..$items, map).name("map")
    }};
}

async fn maps(number: &str, c: &DurableContext, input: Value) -> Result<Value> {
    let items = input.as_array().cloned().unwrap_or_default();
    let number_of = |item: &Value| item.as_u64().unwrap_or_default();
    let r: fn(usize) -> Value = |item| format!("r{item}").into();
    Ok(match number {
        "9-2" => {
            let double = move |_, item: Value, _| ready(Ok(Value::from(number_of(&item) * 2)));
            c.map(items, double).name("map").max_concurrency(1).await?.into()
        }
        "9-3" => {
            let add = move |_, item: Value, index: usize| ready(Ok(Value::from(number_of(&item) + index as u64)));
            c.map(items, add).name("map").max_concurrency(1).await?.into()
        }
        "9-4" => {
            let none = |_, _: Value, _| ready(Ok(Value::Null));
            c.map(Vec::new(), none).name("map").max_concurrency(1).await?.into()
        }
        "9-5" => {
            let builder = map_numbers!(c, 3, [1], |_| "ok".into());
            batch!(builder.completion(CompletionConfig::with_tolerated_failure_count(0))).all()
        }
        "9-7" => {
            let builder = map_numbers!(c, 4, [9], r);
            batch!(builder.completion(CompletionConfig::with_min_successful(2))).counted()
        }
        "9-8" => {
            let builder = map_numbers!(c, 3, [1], r);
            batch!(builder.completion(CompletionConfig::with_tolerated_failure_count(1))).all()
        }
        "9-9" => {
            let builder = map_numbers!(c, 3, [0, 1], r);
            batch!(builder.completion(CompletionConfig::with_tolerated_failure_count(1))).counts()
        }
        "9-10" => {
            let builder = map_numbers!(c, 4, [0, 1], r);
            batch!(builder.completion(CompletionConfig::with_tolerated_failure_percentage(25))).counts()
        }
        "9-15" => {
            let map = move |child: DurableContext, _: usize, index: usize| async move {
                if index == 1 {
                    child.wait(seconds(1)).await?;
                }
                Ok(child.step(returns(r(index))).await?)
            };
            c.map([0, 1], map).name("map").max_concurrency(1).await?.into()
        }
        "9-17" => {
            let upper = |_, item: String, _| ready(Ok(Value::from(item.to_uppercase())));
            let results: Vec<Value> =
                c.map(["a".to_owned(), "b".to_owned()], upper).name("map").max_concurrency(1).await?;
            c.wait(seconds(1)).await?;
            results.into()
        }
        _ => return unknown(number),
    })
}
