//! Several functions at once, and no more than AWS likes.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use bedrock_diagnostics::{Error, Result};

/// Does `work` for each item, `at_once` of them at a time; the results in the order of the items.
pub(super) async fn together<T, R, F>(items: Vec<T>, at_once: usize, work: impl Fn(T) -> F) -> Vec<Result<R>>
where
    F: Future<Output = Result<R>> + Send + 'static,
    R: Send + 'static,
{
    let room = Arc::new(Semaphore::new(at_once));
    let mut tasks = JoinSet::new();
    let mut results: Vec<Result<R>> = Vec::new();
    for (at, item) in items.into_iter().enumerate() {
        let (room, work) = (Arc::clone(&room), work(item));
        tasks.spawn(async move {
            let _turn = room.acquire().await;
            (at, work.await)
        });
        results.push(Err(Error::call("a task ended before its time")));
    }
    while let Some(ended) = tasks.join_next().await {
        if let Ok((at, result)) = ended
            && let Some(place) = results.get_mut(at)
        {
            *place = result;
        }
    }
    results
}
