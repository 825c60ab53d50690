//! Many who call one worker in a loop, and note which version answered.

use std::collections::BTreeSet;

use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

use super::room::{Room, invoke};

const MANY: usize = 16;
/// Calls after the first one that the new version answered.
const MORE: usize = 5;

pub(crate) struct Callers {
    tasks: JoinSet<BTreeSet<u64>>,
    answered: UnboundedReceiver<()>,
}

impl Callers {
    /// Begins; each stops some calls after it met `new`. Until then it must meet nothing but `old`, and no error.
    pub(crate) async fn begin(room: &Room, worker: &'static str, old: &'static str, new: &'static str) -> Self {
        let (tell, answered) = unbounded_channel();
        let mut tasks = JoinSet::new();
        for _ in 0..MANY {
            let (url, tell) = (room.url.clone(), tell.clone());
            tasks.spawn(async move {
                let (mut processes, mut met) = (BTreeSet::new(), 0);
                while met <= MORE {
                    let answer = invoke(&url, worker, &json!({}))
                        .await
                        .unwrap_or_else(|error| panic!("a call of `{worker}` is lost: {error}"));
                    let is_new = answer["version"] == new;
                    assert!(
                        is_new || (answer["version"] == old && met == 0),
                        "`{worker}`: {answer} after {met} new ones"
                    );
                    met += usize::from(is_new);
                    if !is_new {
                        processes.insert(answer["process"].as_u64().expect("a number"));
                    }
                    let _ = tell.send(());
                }
                processes
            });
        }
        let mut callers = Self { tasks, answered };
        callers.are_answered().await;
        callers
    }

    /// Waits for some more answers.
    pub(crate) async fn are_answered(&mut self) {
        for _ in 0..MANY * 2 {
            self.answered.recv().await.expect("an answer");
        }
    }

    /// Waits until all have stopped; gives the processes of the old version.
    pub(crate) async fn end(self) -> BTreeSet<u64> {
        self.tasks.join_all().await.into_iter().flatten().collect()
    }
}
