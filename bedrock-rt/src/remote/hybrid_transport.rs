//! Combines the local runtime with Lambda: decides which calls of a program outside of Lambda go to AWS.
//!
//! A worker whose ARN is set in the environment is called on AWS. So is a function whose name is not a local worker.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Error;
use bedrock_model::transport::{Call, Reply, Target, Transport};

/// Transport that calls some workers locally and the rest on Lambda.
pub(crate) struct HybridTransport {
    pub(crate) local: Arc<dyn Transport>,
    pub(crate) remote: Arc<dyn Transport>,
    /// Names and ARNs of the workers on AWS.
    pub(crate) workers: BTreeMap<String, String>,
}

impl Transport for HybridTransport {
    fn call(&self, call: Call) -> Reply {
        if self.workers.contains_key(call.target.as_str()) {
            return self.remote.call(call);
        }
        let Target::Any(_) = &call.target else { return self.local.call(call) };
        let remote = Arc::clone(&self.remote);
        let local = self.local.call(call.clone());
        Box::pin(async move {
            match local.await {
                // No local worker has this name, so nothing has run.
                Err(Error::WorkerNotFound { .. }) => remote.call(call).await,
                result => result,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::HybridTransport;
    use crate::Error;
    use bedrock_model::transport::{Call, InvocationType, Reply, Target, Transport};
    use bytes::Bytes;
    use std::sync::Arc;

    /// Has one worker (`*`: all), whose response is the name of the transport.
    struct FakeTransport(&'static str, &'static str);

    impl Transport for FakeTransport {
        fn call(&self, call: Call) -> Reply {
            let Self(location, worker) = *self;
            Box::pin(async move {
                match call.target.as_str() {
                    name if name == worker || worker == "*" => Ok(Bytes::from_static(location.as_bytes())),
                    name => Err(Error::WorkerNotFound { worker: name.to_owned(), help: Some(location.to_owned()) }),
                }
            })
        }
    }

    #[tokio::test]
    async fn hybrid_transport_calls_aws_only_for_configured_or_unknown() {
        let transport = HybridTransport {
            local: Arc::new(FakeTransport("here", "resizer")),
            remote: Arc::new(FakeTransport("aws", "*")),
            workers: [("fetcher".to_owned(), "arn:1".to_owned())].into(),
        };
        let any = |name: &str| Target::Any(name.to_owned());
        let table = [
            (Target::Worker("resizer"), "here"),
            (any("resizer"), "here"),
            (Target::Worker("fetcher"), "aws"),
            (any("fetcher"), "aws"),
            (any("arn:aws:lambda:eu-west-1:123456789012:function:audit"), "aws"),
        ];
        for (target, location) in table {
            let call = Call { target: target.clone(), event: Bytes::new(), kind: InvocationType::Event, caller: None };
            assert_eq!(transport.call(call).await.as_deref(), Ok(location.as_bytes()), "{target:?}");
        }
        let missing =
            Call { target: Target::Worker("other"), event: Bytes::new(), kind: InvocationType::Event, caller: None };
        assert_eq!(transport.call(missing).await.expect_err("a worker of this app").help(), Some("here"));
    }
}
