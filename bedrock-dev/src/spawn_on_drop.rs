//! A future that continues as a task of its own when its caller drops it. On Lambda, too, an invocation runs to its end
//! after its caller has disconnected. A task for every invocation would have the same effect, but every call would pay
//! for what only abandoned ones need.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// A future that is spawned as a task when it is dropped before it is ready.
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
        // A future that has panicked must not be polled again, and without a runtime there is nothing to spawn it on.
        let unfinished = self.0.take().filter(|_| !std::thread::panicking());
        if let (Some(unfinished), Ok(runtime)) = (unfinished, Handle::try_current()) {
            runtime.spawn(unfinished);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SpawnOnDrop;
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::task::Poll;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn dropped_future_runs_to_its_end() {
        let (resume, resumed) = oneshot::channel::<()>();
        let (finish, finished) = oneshot::channel();
        let mut future = SpawnOnDrop::new(async move {
            resumed.await.expect("the test resumes it");
            finish.send("finished").expect("the test waits");
        });
        // Polled once, so that it is dropped half-way.
        let first_poll = poll_fn(|context| Poll::Ready(Pin::new(&mut future).poll(context)));
        assert!(first_poll.await.is_pending());
        drop(future);
        resume.send(()).expect("the future waits");
        assert_eq!(finished.await, Ok("finished"));
    }

    #[tokio::test]
    async fn finished_future_is_not_spawned() {
        assert_eq!(SpawnOnDrop::new(async { 1 }).await, 1);
    }

    #[test]
    fn future_without_a_runtime_is_dropped() {
        let (finish, finished) = oneshot::channel();
        drop(SpawnOnDrop::new(async move { finish.send(1).is_ok() }));
        assert!(finished.blocking_recv().is_err());
    }
}
