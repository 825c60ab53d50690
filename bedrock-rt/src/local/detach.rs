//! A future that is finished even when whoever waits for it goes away.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Runs in the task of whoever awaits it, where it costs no hop; dropped before its end, it goes on as a task of its own.
///
/// A host must be looked after until it has answered, even when the caller has given up.
pub(super) struct Detach<T: Send + 'static> {
    future: Option<Boxed<T>>,
    handle: Handle,
}

impl<T: Send + 'static> Detach<T> {
    pub(super) fn new(handle: &Handle, future: impl Future<Output = T> + Send + 'static) -> Self {
        let future: Boxed<T> = Box::pin(future);
        // On another runtime, or none, the timers and sockets of this one would not be driven by the right thread.
        let here = Handle::try_current().is_ok_and(|current| current.id() == handle.id());
        let future = if here { future } else { spawned(handle, future) };
        Self { future: Some(future), handle: handle.clone() }
    }
}

fn spawned<T: Send + 'static>(handle: &Handle, future: Boxed<T>) -> Boxed<T> {
    let task = handle.spawn(future);
    Box::pin(async move {
        match task.await {
            Ok(value) => value,
            // Only when the program ends: nobody will look at a value any more.
            Err(_) => std::future::pending().await,
        }
    })
}

impl<T: Send + 'static> Future for Detach<T> {
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

impl<T: Send + 'static> Drop for Detach<T> {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            self.handle.spawn(future);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Detach;
    use std::time::Duration;
    use tokio::runtime::Handle;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn what_is_dropped_is_finished_all_the_same() {
        let (go, gone) = oneshot::channel();
        let (done, finished) = oneshot::channel();
        let detached = Detach::new(&Handle::current(), async move {
            let _ = gone.await;
            let _ = done.send(());
        });
        assert!(tokio::time::timeout(Duration::ZERO, detached).await.is_err());
        go.send(()).expect("it still waits");
        finished.await.expect("it went on to its end");
    }

    #[test]
    fn it_can_be_awaited_outside_of_the_runtime() {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let detached = Detach::new(runtime.handle(), async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            7
        });
        let other = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        assert_eq!(other.block_on(detached), 7);
    }
}
