//! What AWS rejects is rejected locally: invocations above the reserved concurrency, calls without permission, recursive
//! loops, and processes that use more memory than their function has.
//!
//! | module | does |
//! | --- | --- |
//! | `admission` | all checks before an invocation |
//! | `call_permissions` | which worker may call which, as the policies that a deploy writes |
//! | `reserved_concurrency` | how many invocations of a function may run at the same time |
//! | `memory_limit` | watches the memory of a process; used by `execution` |
//!
//! The hop count of a chain of calls, which recursive-loop detection uses, is in `bedrock::local::queue`.

mod admission;
mod call_permissions;
pub(crate) mod memory_limit;
mod reserved_concurrency;

pub(crate) use admission::AdmissionPolicy;
pub use call_permissions::CallGraph;
pub(crate) use reserved_concurrency::ReservedConcurrency;
