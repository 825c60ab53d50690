//! What AWS refuses, refused here: more invocations than are reserved, calls that no policy allows, circles, more memory
//! than a function has.
//!
//! | module | does |
//! | --- | --- |
//! | `concurrency` | how many invocations of a function may run at the same time |
//! | `callers` | which worker may call which, as the policies will say that a deploy writes |
//! | `memory` | how much memory a process has |
//! | `house` | all of them for an app, but for memory, which `runtime` looks after |
//!
//! How often a function was run in one chain of calls is counted by `bedrock::local::queue`.

mod callers;
mod concurrency;
mod house;
pub(crate) mod memory;

pub use callers::Edges;

pub(crate) use concurrency::Concurrency;
pub(crate) use house::House;
