//! What AWS refuses, refused here: more invocations than are reserved, calls that no policy allows, circles, more memory
//! than a function has.
//!
//! | module | does |
//! | --- | --- |
//! | `concurrency` | how many invocations of a function may run at the same time |
//! | `callers` | which worker may call which, as the policies will say that a deploy writes |
//! | `lineage` | how often a function was run in one chain of calls |
//! | `memory` | how much memory a process has |
//! | `house` | all of them for an app, but for memory, which `runtime` looks after |

mod callers;
mod concurrency;
mod house;
mod lineage;
pub(crate) mod memory;

pub use callers::Edges;

pub(crate) use concurrency::Concurrency;
pub(crate) use house::House;
