//! Checkpoints of durable functions, applied to a new execution, and recorded histories.
#![no_main]

use bedrock_durable::{
    CheckpointRequest, DurableConfig, DurableEngine, DurableError, DurableFunction, MemoryExecutionStore,
    RecordedExecution, StartRequest, Timestamp,
};
use serde_json::Value;

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:order";

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(mut value) = serde_json::from_slice::<Value>(input) else { return };
    if let Some(events) = value.as_array() {
        if let Ok(recorded) = RecordedExecution::from_history(events) {
            let _ = recorded.to_operations(0, 1);
        }
        return;
    }
    let config = DurableConfig { execution_timeout: 60, retention_days: 1 };
    let function = DurableFunction { worker: "order".to_owned(), arn: ARN.to_owned(), config, code: None };
    let now = Timestamp(1_000_000);
    let mut engine = DurableEngine::open(MemoryExecutionStore::default(), now).expect("an engine");
    let request = StartRequest { function, name: None, input: "{}".to_owned(), trace: String::new(), is_sync: false };
    engine.start(request, now).expect("started");
    let due = engine.begin_due(now).expect("due work");
    let invocation = &due.invocations[0];
    if let Some(object) = value.as_object_mut() {
        object.insert("CheckpointToken".to_owned(), invocation.event["CheckpointToken"].clone());
    }
    if let Ok(request) = CheckpointRequest::parse(value.to_string().as_bytes()) {
        let unknown = |name: &str, _: &str| Err(DurableError::invalid(name));
        let _ = engine.checkpoint(&invocation.arn, request, &unknown, now);
        let _ = engine.begin_due(Timestamp(2_000_000_000));
    }
});
