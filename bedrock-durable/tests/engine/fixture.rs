//! An engine with a function, a clock in seconds, and short forms of what an SDK does.

use bedrock_durable::{
    ChainedTarget, CheckpointRequest, DueInvocation, DueWork, DurableConfig, DurableEngine, DurableError,
    DurableFunction, ErrorObject, ExecutionArn, HistoryRequest, InvocationOutcome, StartRequest, Timestamp,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Store, store};

pub(crate) const DAY: u64 = 86_400;

/// An engine and its time.
pub(crate) struct Fixture {
    pub(crate) engine: DurableEngine<Store>,
    pub(crate) now: u64,
    /// The folder of the store, which is deleted after the test.
    _folder: Option<TempDir>,
}

/// An invocation that runs, and the token of its next checkpoint.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) arn: ExecutionArn,
    pub(crate) request_id: String,
    pub(crate) token: String,
    pub(crate) event: Value,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let (store, folder) = store();
        Self { _folder: folder, ..Self::over(store) }
    }
}

pub(crate) fn function(worker: &str) -> DurableFunction {
    DurableFunction {
        worker: worker.to_owned(),
        arn: format!("arn:aws:lambda:us-east-1:000000000000:function:shop-local-{worker}"),
        config: DurableConfig { execution_timeout: 40 * DAY, retention_days: 14 },
        code: None,
    }
}

/// `child` is durable, `echo` is not, and `secret` may not be called.
pub(crate) fn resolve(_caller: &str, name: &str) -> Result<ChainedTarget, DurableError> {
    Ok(match name {
        "child" => ChainedTarget::Durable(function("child")),
        "echo" => ChainedTarget::Plain("echo".to_owned()),
        "no good" => return Err(DurableError::invalid("Invalid function ARN 'no good'")),
        _ => ChainedTarget::Rejected(ErrorObject::typed("ResourceNotFoundException", "Function not found")),
    })
}

impl Fixture {
    pub(crate) fn over(store: Store) -> Self {
        let now = 1_000;
        Self { engine: DurableEngine::open(store, Timestamp(now * 1000)).expect("a store"), now, _folder: None }
    }

    pub(crate) fn time(&self) -> Timestamp {
        Timestamp(self.now * 1000)
    }

    pub(crate) fn request(name: Option<&str>, input: &str) -> StartRequest {
        StartRequest {
            function: function("order"),
            name: name.map(str::to_owned),
            input: input.to_owned(),
            trace: "Root=1".to_owned(),
            is_sync: false,
        }
    }

    /// Starts an execution and begins its first invocation.
    pub(crate) fn start(&mut self) -> Running {
        let request = Self::request(None, "{\"a\":1}");
        let time = self.time();
        self.engine.start(request, time).expect("started");
        self.begin()
    }

    /// Begins the only invocation that is due.
    pub(crate) fn begin(&mut self) -> Running {
        let mut work = self.due();
        assert_eq!(work.invocations.len(), 1, "{work:?}");
        Running::from(work.invocations.remove(0))
    }

    pub(crate) fn due(&mut self) -> DueWork {
        let time = self.time();
        self.engine.begin_due(time).expect("work")
    }

    /// Lets time pass and returns what is due then.
    pub(crate) fn after(&mut self, seconds: u64) -> DueWork {
        self.now += seconds;
        self.due()
    }

    pub(crate) fn checkpoint(&mut self, running: &mut Running, updates: Value) -> Value {
        let response = self.try_checkpoint(running, updates).expect("a checkpoint");
        response["CheckpointToken"].as_str().unwrap_or_default().clone_into(&mut running.token);
        response
    }

    pub(crate) fn try_checkpoint(&mut self, running: &Running, updates: Value) -> Result<Value, DurableError> {
        let body = json!({ "CheckpointToken": running.token, "Updates": updates }).to_string();
        let time = self.time();
        self.engine.checkpoint(&running.arn, CheckpointRequest::parse(body.as_bytes())?, &resolve, time)
    }

    pub(crate) fn finish(&mut self, running: &Running, output: Value) {
        let outcome = InvocationOutcome::Returned(output.to_string().into_bytes());
        self.end(running, outcome);
    }

    pub(crate) fn end(&mut self, running: &Running, outcome: InvocationOutcome) {
        let time = self.time();
        self.engine.finish_invocation(&running.arn, &running.request_id, outcome, time).expect("finished");
    }

    pub(crate) fn suspend(&mut self, running: &Running) {
        self.finish(running, json!({ "Status": "PENDING" }));
    }

    pub(crate) fn status(&self, arn: &ExecutionArn) -> String {
        self.engine.get(arn, true).expect("an execution")["Status"].as_str().expect("a status").to_owned()
    }

    /// Returns the types of the events, after the start of the execution.
    pub(crate) fn event_types(&self, arn: &ExecutionArn) -> Vec<String> {
        let types = self.events(arn).into_iter().map(|event| event["EventType"].as_str().expect("a type").to_owned());
        types.skip(1).collect()
    }

    pub(crate) fn events(&self, arn: &ExecutionArn) -> Vec<Value> {
        let request = HistoryRequest { include_data: true, ..HistoryRequest::default() };
        let history = self.engine.history(arn, &request).expect("a history");
        history["Events"].as_array().expect("events").clone()
    }
}

impl From<DueInvocation> for Running {
    fn from(due: DueInvocation) -> Self {
        let token = due.event["CheckpointToken"].as_str().expect("a token").to_owned();
        Self { arn: due.arn, request_id: due.request_id, token, event: due.event }
    }
}

pub(crate) fn wait(id: &str, seconds: u64) -> Value {
    json!({ "Id": id, "Type": "WAIT", "SubType": "Wait", "Action": "START", "WaitOptions": { "WaitSeconds": seconds } })
}

pub(crate) fn step(id: &str, action: &str) -> Value {
    json!({ "Id": id, "Type": "STEP", "SubType": "Step", "Action": action })
}

pub(crate) fn invoke(id: &str, function: &str) -> Value {
    json!({
        "Id": id, "Type": "CHAINED_INVOKE", "SubType": "ChainedInvoke", "Action": "START", "Payload": "\"x\"",
        "ChainedInvokeOptions": { "FunctionName": function },
    })
}
