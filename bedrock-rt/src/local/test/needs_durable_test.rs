//! The calls with which a test runs durable workers, without the cargo feature `durable-test`: errors of the compiler that say how
//! to get it.

use std::future::Ready;

use super::app::App;
use crate::Error;

/// Has no implementation, so that each call is an error of the compiler.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "tests of durable workers need the cargo feature `durable-test`",
    label = "this call needs the feature `durable-test` of `bedrock-rt`",
    note = "add it with `cargo add --dev bedrock-rt --rename bedrock --features durable-test`"
)]
pub trait DurableTest {
    type Execution;

    fn into_execution(self) -> Self::Execution;
}

/// With the feature, these are functions of durable workers.
impl App {
    #[doc(hidden)]
    pub fn start_execution<E>(&self, _worker: &str, event: E) -> Ready<Result<E::Execution, Error>>
    where
        E: DurableTest,
    {
        std::future::ready(Ok(event.into_execution()))
    }

    #[doc(hidden)]
    pub fn start_named_execution<E>(&self, _worker: &str, _name: &str, event: E) -> Ready<Result<E::Execution, Error>>
    where
        E: DurableTest,
    {
        std::future::ready(Ok(event.into_execution()))
    }

    #[doc(hidden)]
    pub fn executions<W: DurableTest>(&self, worker: W) -> Vec<W::Execution> {
        vec![worker.into_execution()]
    }

    #[doc(hidden)]
    pub fn execution<W: DurableTest>(&self, name: W) -> W::Execution {
        name.into_execution()
    }
}
