//! Callers that call one worker in a loop, and check which version responds.

use std::collections::BTreeSet;

use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

use super::fixture::{TestServer, invoke};

const CALLERS: usize = 16;
/// Calls of each caller after the first response of the new version.
const CALLS_OF_NEW_VERSION: usize = 5;

pub(crate) struct ContinuousCallers {
    tasks: JoinSet<BTreeSet<u64>>,
    responses: UnboundedReceiver<()>,
}

impl ContinuousCallers {
    /// Starts callers. Each stops some calls after the first response of version `new`. Until then, every response must
    /// be of version `old`, and no call may fail.
    pub(crate) async fn start(server: &TestServer, worker: &'static str, old: &'static str, new: &'static str) -> Self {
        let (sender, responses) = unbounded_channel();
        let mut tasks = JoinSet::new();
        for _ in 0..CALLERS {
            let url = server.url.clone();
            let sender = sender.clone();
            tasks.spawn(async move {
                let mut old_processes = BTreeSet::new();
                let mut new_responses = 0;
                while new_responses <= CALLS_OF_NEW_VERSION {
                    let response = invoke(&url, worker, &json!({}))
                        .await
                        .unwrap_or_else(|error| panic!("a call of `{worker}` is lost: {error}"));
                    let is_new = response["version"] == new;
                    assert!(
                        is_new || (response["version"] == old && new_responses == 0),
                        "`{worker}`: {response} after {new_responses} new ones"
                    );
                    new_responses += usize::from(is_new);
                    if !is_new {
                        old_processes.insert(response["process"].as_u64().expect("a process id"));
                    }
                    let _ = sender.send(());
                }
                old_processes
            });
        }
        let mut callers = Self { tasks, responses };
        callers.wait_for_responses().await;
        callers
    }

    /// Waits for some more responses.
    pub(crate) async fn wait_for_responses(&mut self) {
        for _ in 0..CALLERS * 2 {
            self.responses.recv().await.expect("a response");
        }
    }

    /// Waits until all callers have stopped, and returns the processes of the old version.
    pub(crate) async fn join(self) -> BTreeSet<u64> {
        self.tasks.join_all().await.into_iter().flatten().collect()
    }
}
