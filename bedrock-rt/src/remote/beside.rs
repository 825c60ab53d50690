//! Beside the local runtime: which calls of a program on a laptop, or on a server, go to AWS.
//!
//! A worker whose ARN the environment names is there. So is a function that nobody here has the name of.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Error;
use crate::transport::{Call, Reply, Target, Transport};

/// Both ways.
pub(crate) struct Beside {
    pub(crate) local: Arc<dyn Transport>,
    pub(crate) remote: Arc<dyn Transport>,
    /// Names and ARNs of the workers that are on AWS.
    pub(crate) workers: BTreeMap<String, String>,
}

impl Transport for Beside {
    fn call(&self, call: Call) -> Reply {
        if self.workers.contains_key(call.target.as_str()) {
            return self.remote.call(call);
        }
        let Target::Any(_) = &call.target else { return self.local.call(call) };
        let remote = Arc::clone(&self.remote);
        let local = self.local.call(call.clone());
        Box::pin(async move {
            match local.await {
                // It is nobody's name here, so nothing has run.
                Err(Error::WorkerNotFound { .. }) => remote.call(call).await,
                result => result,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Beside;
    use crate::Error;
    use crate::transport::{Call, Kind, Reply, Target, Transport};
    use bytes::Bytes;
    use std::sync::Arc;

    /// Has one worker, and answers with its own name.
    struct Place(&'static str, &'static str);

    impl Transport for Place {
        fn call(&self, call: Call) -> Reply {
            let Self(place, worker) = *self;
            Box::pin(async move {
                match call.target.as_str() {
                    name if name == worker || worker == "*" => Ok(Bytes::from_static(place.as_bytes())),
                    name => Err(Error::WorkerNotFound { worker: name.to_owned(), help: Some(place.to_owned()) }),
                }
            })
        }
    }

    #[tokio::test]
    async fn what_is_here_stays_here_unless_the_environment_says_otherwise() {
        let both = Beside {
            local: Arc::new(Place("here", "resizer")),
            remote: Arc::new(Place("aws", "*")),
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
        for (target, place) in table {
            let call = Call { target: target.clone(), event: Bytes::new(), kind: Kind::Event, caller: None };
            assert_eq!(both.call(call).await.as_deref(), Ok(place.as_bytes()), "{target:?}");
        }
        let missing = Call { target: Target::Worker("other"), event: Bytes::new(), kind: Kind::Event, caller: None };
        assert_eq!(both.call(missing).await.expect_err("a worker of this app").help(), Some("here"));
    }
}
