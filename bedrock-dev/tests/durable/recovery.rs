//! Executions survive the end of the server at any time: a completed step does not run again.

use std::time::Duration;

use bedrock_dev::Clock;
use serde_json::Value;

use super::fixture::{DurableApp, event_types, get, start_execution, wait_for_event};

/// A worker whose step counts its runs in a file, and that then waits.
const COUNTING: &str = "\
import os, sys
sys.path.append(os.environ['DURABLE_SDK'])
from aws_durable_execution_sdk_python.config import Duration
from bedrock.workers.worker import Worker

class Echo(Worker):
    def execute(self, event, context):
        def count(_):
            with open(os.environ['DURABLE_STATE'] + '/runs', 'a') as file:
                file.write('x')
            return 'counted'

        result = context.step(count)
        context.wait(Duration.from_seconds(5))
        return result
";

#[tokio::test]
async fn completed_step_does_not_run_again_in_another_server() {
    let Some(app) = DurableApp::new() else { return };
    app.save("workers/echo/main.py", COUNTING);
    let start = std::time::SystemTime::now();
    let clock = Clock::manual(start);
    let server = app.start(clock.clone()).await;
    let arn = start_execution(&server.url, "echo", "a", &Value::Null).await;
    wait_for_event(&server.url, &arn, "InvocationCompleted").await;
    // Nothing is stored when the server closes: the second one finds what a killed one would have left.
    server.close();
    let clock = Clock::manual(start);
    let server = app.start(clock.clone()).await;
    clock.advance(Duration::from_secs(6));
    wait_for_event(&server.url, &arn, "ExecutionSucceeded").await;
    assert_eq!(get(&server.url, &arn, "").await["Result"], "\"counted\"");
    let runs = std::fs::read_to_string(app.state().join("runs")).expect("a file");
    assert_eq!(runs, "x");
    let types = event_types(&server.url, &arn).await;
    assert_eq!(types[1..4], ["StepStarted", "StepSucceeded", "WaitStarted"]);
    server.close();
}
