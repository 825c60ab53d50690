//! Reserved concurrency: how many invocations of a function may run at the same time. Excess invocations are throttled
//! immediately, as on Lambda; throttled events go back to the queue, which retries them later.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use bedrock_build::App;
use bedrock_local::SpawnOnDrop;
use bedrock_model::Error;
use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::ENDPOINT;

/// Lambda's reason (API model, `ThrottleReason`).
const THROTTLE_REASON: &str = "ReservedFunctionConcurrentInvocationLimitExceeded";

/// The permits of each function that has reserved concurrency, by function name.
#[derive(Debug)]
pub(crate) struct ReservedConcurrency(HashMap<String, Arc<Semaphore>>);

impl ReservedConcurrency {
    /// Reads the reserved concurrency from the app's settings.
    pub(crate) fn new(app: &App) -> Self {
        let workers = app.workers.iter().map(|worker| (worker.name.as_str(), &worker.settings));
        let permits = workers.chain([(ENDPOINT, &app.settings.endpoint)]).filter_map(|(name, settings)| {
            let count = usize::try_from(settings.concurrency?).unwrap_or(usize::MAX);
            Some((name.to_owned(), Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)))))
        });
        Self(permits.collect())
    }

    /// Runs an invocation if a permit is free. The permit is held until the invocation ends, even if its caller leaves
    /// earlier.
    pub(crate) async fn run<F>(&self, worker: &str, invocation: F) -> Result<Bytes, Error>
    where
        F: Future<Output = Result<Bytes, Error>> + Send + 'static,
    {
        let Some(permits) = self.0.get(worker) else { return invocation.await };
        let Ok(permit) = Arc::clone(permits).try_acquire_owned() else {
            return Err(Error::Throttled { worker: worker.to_owned(), reason: THROTTLE_REASON.to_owned() });
        };
        let invocation_with_permit = async move {
            let result = invocation.await;
            drop(permit);
            result
        };
        SpawnOnDrop::new(invocation_with_permit).await
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Bytes, Error, HashMap, ReservedConcurrency, Semaphore};
    use std::future::ready;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn permit_is_held_until_an_abandoned_invocation_ends() {
        let concurrency = ReservedConcurrency(HashMap::from([("one".to_owned(), Arc::new(Semaphore::new(1)))]));
        let short_invocation = |worker| concurrency.run(worker, ready(Ok(Bytes::new())));
        let (end, ended) = oneshot::channel::<()>();
        let long_invocation = async move {
            let _ = ended.await;
            Ok(Bytes::new())
        };
        tokio::select! {
            biased;
            _ = concurrency.run("one", long_invocation) => panic!("the invocation has ended too early"),
            () = ready(()) => {}
        }
        assert!(matches!(short_invocation("one").await, Err(Error::Throttled { worker, .. }) if worker == "one"));
        assert_eq!(short_invocation("another").await, Ok(Bytes::new()));
        end.send(()).expect("the invocation runs");
        while short_invocation("one").await.is_err() {
            tokio::task::yield_now().await;
        }
    }
}
