//! A future that runs to its end even if its caller stops waiting, as invocations do on Lambda.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

type BoxedFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Runs in the task of the caller that awaits it, which costs no thread switch. If it is dropped before its end, it
/// continues as a task of its own.
pub struct SpawnOnDrop<T: Send + 'static> {
    future: Option<BoxedFuture<T>>,
    /// The runtime that the future belongs to. `None`: the runtime that is current when the future is dropped.
    handle: Option<Handle>,
}

impl<T: Send + 'static> SpawnOnDrop<T> {
    /// Continues the future on the runtime that is current when it is dropped.
    pub fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self { future: Some(Box::pin(future)), handle: None }
    }

    /// Runs and continues the future on the runtime of `handle`, even if it is awaited on another runtime.
    pub fn on(handle: &Handle, future: impl Future<Output = T> + Send + 'static) -> Self {
        let future: BoxedFuture<T> = Box::pin(future);
        // On another runtime, or without one, the timers and sockets of this runtime would not be driven.
        let is_current = Handle::try_current().is_ok_and(|current| current.id() == handle.id());
        let future = if is_current { future } else { spawned(handle, future) };
        Self { future: Some(future), handle: Some(handle.clone()) }
    }
}

fn spawned<T: Send + 'static>(handle: &Handle, future: BoxedFuture<T>) -> BoxedFuture<T> {
    let task = handle.spawn(future);
    Box::pin(async move {
        match task.await {
            Ok(value) => value,
            // The program ends, so no caller will use a value.
            Err(_) => std::future::pending().await,
        }
    })
}

impl<T: Send + 'static> Future for SpawnOnDrop<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(future) = self.future.as_mut() else { return Poll::Pending };
        let poll = future.as_mut().poll(context);
        if poll.is_ready() {
            self.future = None;
        }
        poll
    }
}

impl<T: Send + 'static> Drop for SpawnOnDrop<T> {
    fn drop(&mut self) {
        // A future that has panicked must not be polled again. Without a runtime no code runs any more.
        let Some(future) = self.future.take().filter(|_| !std::thread::panicking()) else { return };
        if let Some(handle) = self.handle.take().or_else(|| Handle::try_current().ok()) {
            handle.spawn(future);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SpawnOnDrop;
    use std::future::Future;
    use std::pin::Pin;
    use std::task::Poll;
    use std::time::Duration;
    use tokio::runtime::Handle;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn dropped_future_runs_to_its_end() {
        let (release, released) = oneshot::channel();
        let (done, finished) = oneshot::channel();
        let future = SpawnOnDrop::on(&Handle::current(), async move {
            let _ = released.await;
            let _ = done.send(());
        });
        assert!(tokio::time::timeout(Duration::ZERO, future).await.is_err());
        release.send(()).expect("it still waits");
        finished.await.expect("it ran to its end");
    }

    #[tokio::test]
    async fn dropped_future_continues_on_the_current_runtime() {
        let (release, released) = oneshot::channel::<()>();
        let (done, finished) = oneshot::channel();
        let mut future = SpawnOnDrop::new(async move {
            released.await.expect("released");
            done.send("to the end").expect("a receiver");
        });
        let first = std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut future).poll(context))).await;
        assert!(first.is_pending());
        drop(future);
        release.send(()).expect("it still waits");
        assert_eq!(finished.await, Ok("to the end"));
    }

    #[tokio::test]
    async fn finished_future_is_not_spawned_again() {
        assert_eq!(SpawnOnDrop::new(async { 1 }).await, 1);
    }

    #[test]
    fn dropped_future_ends_without_a_runtime() {
        let (done, is_done) = oneshot::channel();
        drop(SpawnOnDrop::new(async move { done.send(1).is_ok() }));
        assert!(is_done.blocking_recv().is_err());
    }

    #[test]
    fn future_can_be_awaited_on_another_runtime() {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let future = SpawnOnDrop::on(runtime.handle(), async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            7
        });
        let other = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        assert_eq!(other.block_on(future), 7);
    }
}
