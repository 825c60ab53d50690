//! Credentials of the caller: from the environment, or from the container credentials endpoint, which are renewed
//! before they expire.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;

use super::connector::Connector;
use super::container_endpoint::ContainerEndpoint;
use super::types::{Credentials, EnvReader};

/// Where the credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CredentialsSource {
    /// Valid as long as the function's environment.
    Static(Arc<Credentials>),
    ContainerEndpoint(ContainerEndpoint),
    /// There are no credentials; calls fail with an error that says so.
    Missing,
}

impl CredentialsSource {
    /// Finds the source in the environment. Static credentials have priority, as in every AWS tool.
    pub(super) fn read(env: EnvReader<'_>) -> Result<Self, String> {
        if let (Some(access_key_id), Some(secret_access_key)) = (env("AWS_ACCESS_KEY_ID"), env("AWS_SECRET_ACCESS_KEY"))
        {
            return Ok(Self::Static(Arc::new(Credentials {
                access_key_id,
                secret_access_key,
                session_token: env("AWS_SESSION_TOKEN"),
            })));
        }
        Ok(ContainerEndpoint::read(env)?.map_or(Self::Missing, Self::ContainerEndpoint))
    }
}

/// Time before the expiry at which the credentials are renewed.
const RENEW_BEFORE_EXPIRY: Duration = Duration::from_secs(5 * 60);
/// Time between a failed renewal and the next one while the old credentials are still valid.
const RENEWAL_RETRY_INTERVAL: Duration = Duration::from_secs(10);

/// Returns valid credentials at any time.
#[derive(Debug)]
pub(super) struct CredentialsProvider {
    source: CredentialsSource,
    /// Locked during a renewal, so that concurrent callers wait for its result.
    cached: Mutex<Option<CachedCredentials>>,
}

#[derive(Debug)]
struct CachedCredentials {
    credentials: Arc<Credentials>,
    /// Time of the renewal. `None` for credentials without an expiry.
    renew: Option<SystemTime>,
    expires: Option<SystemTime>,
}

impl CredentialsProvider {
    pub(super) fn new(source: CredentialsSource) -> Self {
        Self { source, cached: Mutex::new(None) }
    }

    /// Returns credentials that are valid at `now`, or the reason why there are none.
    pub(super) async fn get(&self, connector: &Connector, now: SystemTime) -> Result<Arc<Credentials>, String> {
        let container = match &self.source {
            CredentialsSource::Static(credentials) => return Ok(Arc::clone(credentials)),
            CredentialsSource::Missing => {
                return Err("no credentials: neither `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` \
                            nor `AWS_CONTAINER_CREDENTIALS_FULL_URI` are set"
                    .to_owned());
            }
            CredentialsSource::ContainerEndpoint(container) => container,
        };
        let mut cached = self.cached.lock().await;
        if let Some(cached) = cached.as_ref().filter(|cached| cached.renew.is_none_or(|renew| now < renew)) {
            return Ok(Arc::clone(&cached.credentials));
        }
        match container.fetch(connector).await {
            Ok((credentials, expires)) => {
                let credentials = Arc::new(credentials);
                // Credentials with little time left are not requested again by every call.
                let renew = expires.map(|expires| {
                    expires.checked_sub(RENEW_BEFORE_EXPIRY).unwrap_or(now).max(now + RENEWAL_RETRY_INTERVAL)
                });
                *cached = Some(CachedCredentials { credentials: Arc::clone(&credentials), renew, expires });
                Ok(credentials)
            }
            Err(reason) => match cached.as_mut().filter(|cached| cached.expires.is_none_or(|expires| now < expires)) {
                Some(cached) => {
                    cached.renew = Some(now + RENEWAL_RETRY_INTERVAL);
                    Ok(Arc::clone(&cached.credentials))
                }
                None => Err(reason),
            },
        }
    }
}
