//! Names to addresses. One lookup serves all connections of a burst: each would take a thread, and Lambda limits threads.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::lookup_host;
use tokio::sync::Mutex;

/// How long addresses count. Less than the minute for which AWS announces them.
const FRESH: Duration = Duration::from_secs(20);

/// The addresses of one name.
#[derive(Debug, Default)]
pub(super) struct Resolver {
    /// Locked during a lookup, so that whoever comes meanwhile gets its result.
    known: Mutex<Option<(Instant, Vec<SocketAddr>)>>,
}

impl Resolver {
    pub(super) async fn addresses(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        let mut known = self.known.lock().await;
        if let Some((_, addresses)) = known.as_mut().filter(|(since, _)| since.elapsed() < FRESH) {
            // The next connection goes to the next server.
            addresses.rotate_left(1);
            return Ok(addresses.clone());
        }
        let addresses: Vec<_> = lookup_host((host, port)).await?.collect();
        *known = Some((Instant::now(), addresses.clone()));
        Ok(addresses)
    }

    /// None of the addresses answered: the next connection asks again.
    pub(super) async fn forget(&self) {
        *self.known.lock().await = None;
    }
}

#[cfg(test)]
mod tests {
    use super::Resolver;

    #[tokio::test]
    async fn one_lookup_serves_until_its_addresses_are_forgotten() {
        let resolver = Resolver::default();
        let first = resolver.addresses("127.0.0.1", 443).await.expect("an address");
        // Another name would have another answer, if it were asked for.
        assert_eq!(resolver.addresses("127.0.0.2", 443).await.expect("an address"), first);
        resolver.forget().await;
        assert_ne!(resolver.addresses("127.0.0.2", 443).await.expect("an address"), first);
    }
}
