//! Events that were not delivered, under the current names of the methods of `App`.

use bedrock::WorkerError;
use bedrock::test::{App, UndeliveredEvent};
use serde_json::{Value, json};

#[bedrock::test]
async fn undelivered_events_are_available_after_all_events_ran(app: App) -> bedrock::Result<()> {
    app.mock("node_noclass", |_: Value| Err::<Value, _>(WorkerError::new("Busy", "come back later")));
    app.send("node_noclass", json!({ "n": 1 })).await?;
    app.wait_for_due_events().await;
    assert_eq!(app.undelivered_events(), []);
    app.run_all_events().await;
    let [event]: [UndeliveredEvent; 1] = app.undelivered_events().try_into().expect("one event");
    assert_eq!((event.worker.as_str(), event.condition, event.attempts), ("node_noclass", "RetriesExhausted", 2));
    app.assert_called("node_noclass").failed("Busy").times(2);
    Ok(())
}
