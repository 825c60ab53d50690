//! Writes contracts in the forms that files, editors and people need.
//!
//! | module | contents |
//! | --- | --- |
//! | [`canonical`] | the bytes of `contract.json` |
//! | [`python`] | the type stubs of `bedrock.workers`, with one overload of `invoke` for each worker |
//! | [`typescript`] | `worker.d.ts`, with the types of all workers for `invoke` |
//! | [`example`] | an event made from its type |
//!
//! The model, the reader and the validator are in [`bedrock_build::contract`], because every app compiles them.

#![forbid(unsafe_code)]

pub mod canonical;
pub mod example;
pub mod python;
pub mod typescript;

use bedrock_build::contract::Contract;

/// A worker of the app and its contract.
#[derive(Debug, Clone)]
pub struct WorkerContract {
    /// The name of the worker.
    pub worker: String,
    /// The contract. `None` for a worker whose calls are JSON of any form.
    pub contract: Option<Contract>,
}
