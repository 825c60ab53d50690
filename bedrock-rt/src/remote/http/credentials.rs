//! Who calls: keys from the environment, or from the container endpoint and then renewed before they expire.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;

use super::connect::Connector;
use super::container::Container;
use super::settings::Variables;

/// Keys that sign requests.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the secret: this ends in logs.
        f.debug_struct("Credentials").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Where they come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// They last as long as the environment of the function.
    Fixed(Arc<Credentials>),
    Container(Container),
    /// There are none; calls say so.
    Nowhere,
}

impl Source {
    /// Fixed keys come first, as in every AWS tool.
    pub(super) fn read(env: Variables<'_>) -> Result<Self, String> {
        if let (Some(id), Some(secret)) = (env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY")) {
            return Ok(Self::Fixed(Arc::new(Credentials { id, secret, token: env("AWS_SESSION_TOKEN") })));
        }
        Ok(Container::read(env)?.map_or(Self::Nowhere, Self::Container))
    }
}

/// So long before they expire they are renewed.
const EARLY: Duration = Duration::from_secs(5 * 60);
/// So long after a failed renewal the next one is tried, while the old ones still count.
const PATIENCE: Duration = Duration::from_secs(10);

/// The credentials at any time.
#[derive(Debug)]
pub(super) struct Keeper {
    source: Source,
    /// One renewal at a time: whoever comes meanwhile waits for it.
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    credentials: Arc<Credentials>,
    /// When they are renewed. Never for those that do not say when they expire.
    renew: Option<SystemTime>,
    expires: Option<SystemTime>,
}

impl Keeper {
    pub(super) fn new(source: Source) -> Self {
        Self { source, kept: Mutex::new(None) }
    }

    /// Credentials that are good at `now`, or why there are none.
    pub(super) async fn get(&self, connector: &Connector, now: SystemTime) -> Result<Arc<Credentials>, String> {
        let container = match &self.source {
            Source::Fixed(credentials) => return Ok(Arc::clone(credentials)),
            Source::Nowhere => {
                return Err("no credentials: neither `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` \
                            nor `AWS_CONTAINER_CREDENTIALS_FULL_URI` are set"
                    .to_owned());
            }
            Source::Container(container) => container,
        };
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| kept.renew.is_none_or(|renew| now < renew)) {
            return Ok(Arc::clone(&kept.credentials));
        }
        match container.fetch(connector).await {
            Ok((credentials, expires)) => {
                let credentials = Arc::new(credentials);
                // Those that come with little time left are not asked for again at every call.
                let renew = expires.map(|expires| expires.checked_sub(EARLY).unwrap_or(now).max(now + PATIENCE));
                *kept = Some(Kept { credentials: Arc::clone(&credentials), renew, expires });
                Ok(credentials)
            }
            Err(fault) => match kept.as_mut().filter(|kept| kept.expires.is_none_or(|expires| now < expires)) {
                Some(kept) => {
                    kept.renew = Some(now + PATIENCE);
                    Ok(Arc::clone(&kept.credentials))
                }
                None => Err(fault),
            },
        }
    }
}
