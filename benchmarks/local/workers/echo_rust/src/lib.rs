//! Returns its event.

use bedrock::{Context, Result, Worker};
use serde::{Deserialize, Serialize};

/// The event and response: about 1 KB of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Echo {
    pub key: String,
}

#[bedrock::worker]
pub struct EchoRust;

impl Worker for EchoRust {
    type Event = Echo;
    type Response = Echo;

    async fn execute(&self, event: Echo, _context: &Context) -> Result<Echo> {
        Ok(event)
    }
}
