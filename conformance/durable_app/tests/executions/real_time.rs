//! The real time that passes while the clock of a test moves by days.

use std::time::{Duration, Instant};

use bedrock::test::{App, ExecutionStatus, OperationStatus};
use serde_json::{Value, json};

use super::{DAY, HOUR, node};

/// AWS's SDK for Python waits for 100 ms at the end of each invocation (`findings/durable_python_end.sh`).
const FLOW: &str = "node_flow";
const LIMIT: Duration = Duration::from_millis(100);
/// The machine may do something else during a run. The first one also starts the processes.
const RUNS: usize = 10;

async fn wait_of_thirty_days(app: &App) -> bedrock::Result<()> {
    let order = app.start_execution(FLOW, json!({ "case": "thirty_days", "amount": 7 })).await?;
    app.clock().advance(DAY * 30).await;
    assert_eq!(order.status(), ExecutionStatus::Succeeded, "{order}");
    Ok(())
}

async fn callback_that_ends(app: &App, options: Value, error: &str) -> bedrock::Result<()> {
    let mut event = options;
    event["case"] = json!("approval");
    let order = app.start_execution(FLOW, event).await?;
    app.clock().advance(HOUR).await;
    let found = order.operation("approval").error.and_then(|error| error.error_type);
    assert_eq!((order.status(), found.as_deref()), (ExecutionStatus::Failed, Some(error)), "{order}");
    Ok(())
}

async fn pause_over_a_timeout(app: &App) -> bedrock::Result<()> {
    let order = app.start_execution(FLOW, json!({ "case": "approval", "timeout": 3600 })).await?;
    order.pause().await?;
    app.clock().advance(HOUR * 2).await;
    assert_eq!(order.operation("approval").status, OperationStatus::TimedOut, "{order}");
    order.resume().await?;
    assert_eq!(order.status(), ExecutionStatus::Failed, "{order}");
    Ok(())
}

#[bedrock::test]
async fn days_and_timeouts_take_under_100_ms_of_real_time(app: App) -> bedrock::Result<()> {
    if !node() {
        return Ok(());
    }
    for case in ["wait", "timeout", "heartbeat", "pause"] {
        let mut fastest = Duration::MAX;
        for _ in 0..RUNS {
            let started = Instant::now();
            match case {
                "wait" => wait_of_thirty_days(&app).await?,
                "timeout" => callback_that_ends(&app, json!({ "timeout": 3600 }), "Callback.Timeout").await?,
                "heartbeat" => {
                    let options = json!({ "timeout": 86_400, "heartbeat": 3600 });
                    callback_that_ends(&app, options, "Callback.Heartbeat").await?;
                }
                _ => pause_over_a_timeout(&app).await?,
            }
            fastest = fastest.min(started.elapsed());
        }
        println!("{case}: {fastest:?}");
        assert!(fastest < LIMIT, "{case}: {fastest:?}");
    }
    Ok(())
}
