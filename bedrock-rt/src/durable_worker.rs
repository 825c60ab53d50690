//! Every durable worker is a worker: callers, contracts and the registry do not distinguish them.

use crate::durable::{DurableWorker, not_durable};
#[cfg(any(bedrock_lambda, feature = "aws-sdk", test))]
use crate::executor::BoxedExecutor;
use crate::{Context, Worker};

impl<W: DurableWorker> Worker for W {
    type Event = <W as DurableWorker>::Event;
    type Response = <W as DurableWorker>::Response;

    async fn execute(&self, _: Self::Event, _: &Context) -> crate::Result<Self::Response> {
        Err(not_durable())
    }

    const IS_DURABLE: bool = true;

    #[cfg(any(bedrock_lambda, feature = "aws-sdk", test))]
    fn into_executor(self) -> Result<BoxedExecutor, Self> {
        Ok(BoxedExecutor(crate::lambda::durable::executor(self)))
    }
}
