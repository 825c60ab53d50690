//! What AWS rejects is rejected locally, too: invocations above the reserved concurrency, calls without permission, and
//! recursive loops. The memory limit of processes is in `execution`.
//!
//! | module | does |
//! | --- | --- |
//! | `admission` | all checks of an app |
//! | `call_permissions` | which worker may call which, according to the policies that a deploy writes |
//! | `reserved_concurrency` | how many invocations of a function may run at the same time |
//!
//! The hop count of a chain of calls, which recursive-loop detection uses, is in `bedrock_model::recursive_loop`.

mod admission;
mod call_permissions;
mod reserved_concurrency;

pub(crate) use admission::AdmissionPolicy;
pub use call_permissions::CallGraph;
