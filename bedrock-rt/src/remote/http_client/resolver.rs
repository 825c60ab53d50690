//! Cached DNS lookup. One lookup serves all connections of a burst: each lookup takes a thread, and Lambda limits
//! threads.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::lookup_host;
use tokio::sync::Mutex;

/// Time for which addresses are cached. Less than the minute that AWS announces as their TTL.
const ADDRESS_TTL: Duration = Duration::from_secs(20);

/// Resolver of a single host name.
#[derive(Debug, Default)]
pub(super) struct Resolver {
    /// Locked during a lookup, so that concurrent callers wait for its result.
    cached: Mutex<Option<(Instant, Vec<SocketAddr>)>>,
}

impl Resolver {
    pub(super) async fn addresses(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        let mut cached = self.cached.lock().await;
        if let Some((_, addresses)) = cached.as_mut().filter(|(since, _)| since.elapsed() < ADDRESS_TTL) {
            // The next connection uses the next server.
            addresses.rotate_left(1);
            return Ok(addresses.clone());
        }
        let addresses: Vec<_> = lookup_host((host, port)).await?.collect();
        *cached = Some((Instant::now(), addresses.clone()));
        Ok(addresses)
    }

    /// Drops the cached addresses after none of them accepted a connection.
    pub(super) async fn invalidate(&self) {
        *self.cached.lock().await = None;
    }
}

#[cfg(test)]
mod tests {
    use super::Resolver;

    #[tokio::test]
    async fn addresses_are_cached_until_invalidated() {
        let resolver = Resolver::default();
        let first = resolver.addresses("127.0.0.1", 443).await.expect("an address");
        // A lookup of this name would return a different address.
        assert_eq!(resolver.addresses("127.0.0.2", 443).await.expect("an address"), first);
        resolver.invalidate().await;
        assert_ne!(resolver.addresses("127.0.0.2", 443).await.expect("an address"), first);
    }
}
