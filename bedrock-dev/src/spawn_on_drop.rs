//! What runs to its end also when whoever waits for it goes away, as invocations do on Lambda. A task for each would do the
//! same; it costs every call what only those need whose callers leave.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// A future that is carried on by a task of its own when it is dropped before its end.
pub(crate) struct SpawnOnDrop<T>(Option<Pin<Box<dyn Future<Output = T> + Send>>>)
where
    T: Send + 'static;

impl<T: Send + 'static> SpawnOnDrop<T> {
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(future)))
    }
}

impl<T: Send + 'static> Future for SpawnOnDrop<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(future) = &mut self.0 else { return Poll::Pending };
        let polled = future.as_mut().poll(context);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for SpawnOnDrop<T> {
    fn drop(&mut self) {
        // One that has panicked has no rest. Without a runtime, nothing runs any longer.
        let rest = self.0.take().filter(|_| !std::thread::panicking());
        if let (Some(rest), Ok(runtime)) = (rest, Handle::try_current()) {
            runtime.spawn(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SpawnOnDrop;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn it_ends_also_when_nobody_waits_for_it_any_more() {
        let ((go_on, gone_on), (done, is_done)) = (oneshot::channel::<()>(), oneshot::channel());
        let mut lasting = SpawnOnDrop::new(async move {
            gone_on.await.expect("it is told");
            done.send("to the end").expect("somebody listens");
        });
        // It has begun, and is left in the middle.
        let begun = std::future::poll_fn(|context| {
            std::task::Poll::StagedSwaps(std::pin::Pin::new(&mut lasting).poll(context))
        });
        assert!(begun.await.is_pending());
        drop(lasting);
        go_on.send(()).expect("it listens");
        assert_eq!(is_done.await, Ok("to the end"));
    }

    #[tokio::test]
    async fn what_has_ended_is_not_carried_on() {
        assert_eq!(SpawnOnDrop::new(async { 1 }).await, 1);
    }

    #[test]
    fn without_a_runtime_it_ends_where_it_is() {
        let (done, is_done) = oneshot::channel();
        drop(SpawnOnDrop::new(async move { done.send(1).is_ok() }));
        assert!(is_done.blocking_recv().is_err());
    }
}
