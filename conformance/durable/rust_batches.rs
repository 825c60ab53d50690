//! Handlers of AWS's conformance requirements for `parallel` and `map`, in Rust.

use std::future::ready;

use bedrock::durable::sdk::Branch;
use bedrock::durable::sdk::builders::map_parallel::{CompletionConfig, NestingMode};
use bedrock::durable::{BoxError, DurableContext, Result};
use serde_json::{Value, json};

use super::{returns, seconds, text, unknown};

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

/// Branches of which some fail.
fn failing(ok: &[bool]) -> Vec<Branch<Value>> {
    let branches = ok.iter().enumerate();
    branches.map(|(at, ok)| branch(&format!("b{at}"), if *ok { Ok("ok".into()) } else { Err("no") })).collect()
}

/// Runs branches of which some fail.
macro_rules! batch_of {
    ($context:expr, $ok:expr, $completion:expr) => {
        batch!($context.parallel(failing(&$ok)).name("parallel").completion($completion))
    };
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

pub(super) async fn parallels(number: &str, c: &DurableContext) -> Result<Value> {
    let run = |branches| c.parallel(branches).name("parallel").max_concurrency(1);
    Ok(match number {
        "8-1" => run(vec![step_branch("task-1"), step_branch("task-2")]).await?.into(),
        "8-2" => run(ok_branches(&["alpha".into(), "beta".into()])).await?.into(),
        "8-3" => run(vec![branch("first", Ok("one".into())), branch("second", Ok("two".into()))]).await?.into(),
        "8-4" => run(ok_branches(&["hello".into(), 42.into(), json!({ "k": "v" })])).await?.into(),
        "8-5" => run(Vec::new()).await?.into(),
        "8-6" => batch_of!(c, [true, false, true], CompletionConfig::with_tolerated_failure_count(0)).all(),
        "8-7" => {
            run(failing(&[false, true])).completion(CompletionConfig::with_tolerated_failure_count(0)).await?.into()
        }
        "8-8" => batch_of!(c, [true; 4], CompletionConfig::with_min_successful(2)).counted(),
        "8-9" => batch_of!(c, [true, false, true], CompletionConfig::with_tolerated_failure_count(1)).all(),
        "8-10" => batch_of!(c, [false, false, true], CompletionConfig::with_tolerated_failure_count(1)).counts(),
        "8-11" => run(ok_branches(&["r0".into(), "r1".into(), "r2".into()])).max_concurrency(2).await?.into(),
        "8-12" => run(vec![step_branch("fa"), step_branch("fb")]).nesting(NestingMode::Flat).await?.into(),
        "8-13" => {
            let percentage = CompletionConfig::with_tolerated_failure_percentage(25);
            batch_of!(c, [false, false, true, true], percentage).counts()
        }
        "8-14" => {
            let waiting = Branch::new("b1", |child| async move {
                child.wait(seconds(2)).await?;
                Ok(Value::from("b1"))
            });
            run(vec![step_branch("b0"), waiting]).await?.into()
        }
        "8-16" => batch_of!(c, [false; 3], CompletionConfig::with_tolerated_failure_count(3)).all(),
        "8-17" => batch_of!(c, [true, false, true], CompletionConfig::with_min_successful(3)).all(),
        "8-18" => {
            let both = CompletionConfig::builder().min_successful(3).tolerated_failure_count(1).build()?;
            batch_of!(c, [false, false, true, true], both).counts()
        }
        "8-20" => {
            let builder = c.parallel(failing(&[true, false, true])).name("parallel").max_concurrency(1);
            let batch = builder.completion(CompletionConfig::with_tolerated_failure_count(1)).await_batch().await?;
            json!({
                "hasFailure": batch.has_failure(), "successCount": batch.success_count(),
                "failureCount": batch.failure_count(), "errorCount": batch.errors().len()
            })
        }
        "8-21" => {
            let outer = Branch::new("outer", |child| async move {
                let inner = child.parallel(vec![step_branch("i1"), step_branch("i2")]).name("inner");
                Ok(Value::from(inner.max_concurrency(1).await?))
            });
            run(vec![outer]).await?.into()
        }
        "8-22" => {
            let percentage = CompletionConfig::with_tolerated_failure_percentage(25);
            batch_of!(c, [false, true, true, true], percentage).all()
        }
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

pub(super) async fn maps(number: &str, c: &DurableContext, input: Value) -> Result<Value> {
    let items = input.as_array().cloned().unwrap_or_default();
    let number_of = |item: &Value| item.as_u64().unwrap_or_default();
    let r: fn(usize) -> Value = |item| format!("r{item}").into();
    Ok(match number {
        "9-1" | "9-12" => {
            let greets = number == "9-1";
            let items = if greets { items } else { vec!["fa".into(), "fb".into()] };
            let step = move |child: DurableContext, item: Value, _| async move {
                let value = if greets { format!("Hello, {}!", text(&item)) } else { text(&item) };
                Ok(child.step(returns(value)).await?)
            };
            let nesting = if greets { NestingMode::Normal } else { NestingMode::Flat };
            c.map(items, step).name("map").max_concurrency(1).nesting(nesting).await?.into()
        }
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
        "9-6" => {
            let builder = map_numbers!(c, 2, [0], r).max_concurrency(1);
            builder.completion(CompletionConfig::with_tolerated_failure_count(0)).await?.into()
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
        "9-11" => map_numbers!(c, 3, [9], r).max_concurrency(2).await?.into(),
        "9-13" => {
            let ten = move |_, item: Value, _| ready(Ok(Value::from(number_of(&item) * 10)));
            let builder = c.map(items, ten).name("map").max_concurrency(1);
            builder.item_namer(|index| format!("item-{}", index + 1)).await?.into()
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
        "9-18" => {
            let builder = map_numbers!(c, 2, [1], |_| "ok".into());
            let batch = batch!(builder.completion(CompletionConfig::with_tolerated_failure_count(1)));
            c.wait(seconds(1)).await?;
            batch.all()
        }
        _ => return unknown(number),
    })
}
