//! Every way to define a worker.
#![forbid(unsafe_code)]
#![deny(warnings)]

use bedrock::{Context, Registered, Result, Worker};

#[bedrock::worker]
struct Unit;

#[bedrock::worker]
#[derive(Default)]
struct WithDefault {
    seen: std::sync::atomic::AtomicU32,
}

#[bedrock::worker(init = Connected::connect)]
struct Connected {
    address: String,
}

impl Connected {
    async fn connect() -> Result<Self> {
        Ok(Self { address: std::env::var("ADDRESS")? })
    }
}

macro_rules! echo {
    ($($worker:ty),*) => {$(
        impl Worker for $worker {
            type Event = u32;
            type Response = u32;

            async fn execute(&self, event: u32, _context: &Context) -> Result<u32> {
                Ok(event)
            }
        }
    )*};
}

echo!(Unit, WithDefault, Connected);

fn main() {
    assert_eq!((Unit::NAME, WithDefault::NAME, Connected::NAME), ("unit", "with_default", "connected"));
    let _ = |connected: Connected, default: WithDefault| (connected.address, default.seen);
}
