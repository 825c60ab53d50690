//! Reserved concurrency: how many invocations of a function may run at the same time. Who comes too late is not kept
//! waiting; events go back into the queue, which knows when to try them again.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use bedrock::Error;
use bedrock_build::App;
use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::ENDPOINT;
use crate::spawn_on_drop::SpawnOnDrop;

/// Lambda's reason (API model, `ThrottleReason`).
const REASON: &str = "ReservedFunctionConcurrentInvocationLimitExceeded";

/// The room of each function that has reserved some, by worker; that of the endpoint under its name.
#[derive(Debug)]
pub(crate) struct ReservedConcurrency(HashMap<String, Arc<Semaphore>>);

impl ReservedConcurrency {
    /// As the settings of the app say.
    pub(crate) fn of(app: &App) -> Self {
        let workers = app.workers.iter().map(|worker| (worker.name.as_str(), &worker.settings));
        let reserved = workers.chain([(ENDPOINT, &app.settings.endpoint)]).filter_map(|(name, settings)| {
            let count = usize::try_from(settings.concurrency?).unwrap_or(usize::MAX);
            Some((name.to_owned(), Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)))))
        });
        Self(reserved.collect())
    }

    /// Runs an invocation if there is room for it. The room is taken until the invocation ends, also when whoever
    /// waits for it goes away.
    pub(crate) async fn run<F>(&self, worker: &str, invocation: F) -> Result<Bytes, Error>
    where
        F: Future<Output = Result<Bytes, Error>> + Send + 'static,
    {
        let Some(room) = self.0.get(worker) else { return invocation.await };
        let Ok(taken) = Arc::clone(room).try_acquire_owned() else {
            return Err(Error::Throttled { worker: worker.to_owned(), reason: REASON.to_owned() });
        };
        let holding = async move {
            let answer = invocation.await;
            drop(taken);
            answer
        };
        SpawnOnDrop::new(holding).await
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Bytes, Error, HashMap, ReservedConcurrency, Semaphore};
    use std::future::ready;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn room_is_taken_until_the_invocation_ends_also_when_nobody_waits_for_it_any_more() {
        let concurrency = ReservedConcurrency(HashMap::from([("one".to_owned(), Arc::new(Semaphore::new(1)))]));
        let short = |worker| concurrency.run(worker, ready(Ok(Bytes::new())));
        let (end, ended) = oneshot::channel::<()>();
        let long = async move {
            let _ = ended.await;
            Ok(Bytes::new())
        };
        tokio::select! {
            biased;
            _ = concurrency.run("one", long) => panic!("it has not ended"),
            () = ready(()) => {}
        }
        assert!(matches!(short("one").await, Err(Error::Throttled { worker, .. }) if worker == "one"));
        assert_eq!(short("another").await, Ok(Bytes::new()));
        end.send(()).expect("it runs");
        while short("one").await.is_err() {
            tokio::task::yield_now().await;
        }
    }
}
