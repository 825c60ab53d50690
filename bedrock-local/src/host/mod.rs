//! Python and JavaScript workers: host processes that stay warm and communicate over a socket of their own.
//!
//! `docs/src/host-protocol.md` describes the protocol.
//!
//! | module | does |
//! | --- | --- |
//! | `registry` | what the host processes of all workers share |
//! | `process`, `debugger` | start and stop a host process, with or without a debugger |
//! | `connection`, `pending_calls`, `call_result`, `frame`, `socket` | carry calls to a host process |
//! | `dependencies` | the interpreter of a worker, and what its code imports |
//! | `log_reader` | reads what the workers of a host process print |
//! | `pool`, `python`, `process_pool` | how many host processes a worker has, and which of them gets a call |
//! | `tools` | what other programs need to run the code of a worker |
//! | `contract_cache` | keeps the types that were read from the code of a worker |
//! | `code_fingerprint` | whether the code of a worker has changed |

mod call_result;
mod code_fingerprint;
mod connection;
mod contract_cache;
mod debugger;
pub(super) mod dependencies;
mod frame;
mod log_reader;
mod pending_calls;
pub(super) mod pool;
pub(super) mod process;
pub(super) mod process_pool;
pub(super) mod python;
pub(super) mod registry;
mod socket;
pub(super) mod tools;

#[cfg(fuzzing)]
pub use frame::read_frames;
