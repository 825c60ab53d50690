//! What `cargo bedrock dev` runs and users' programs do not compile: events that survive the program, Rust workers as
//! processes of their own, and a clock that can be sped up. Knows no terminal and no command line.
//!
//! | module | does |
//! | --- | --- |
//! | `awake` | a thread that does not sleep while an answer is about to come |
//! | `clock` | what time it is for retries, schedules and ages: real, faster, or moved by hand |
//! | `queue` | events that are accepted: kept in a file, tried again, given up, handed on |
//! | `runtime` | Lambda's Runtime API, and the processes that speak it: one for each environment |
//! | `debug` | workers that a debugger looks into |
//! | `endpoint` | the endpoint as a function among the others |
//! | `engines` | the functions of an app as Lambda's API wants them: over `runtime`, the hosts of `bedrock::local`, and `queue` |
//! | `functions` | those that are programs of their own: their files and variables |
//! | `lasting` | what runs to its end also when nobody waits for it any more |
//! | `limits` | what AWS refuses: reserved concurrency, calls without a right, circles, too much memory |
//! | `happenings` | the stream of what happens, and the routes on which it is read |
//! | `dashboard` | the page in the browser that shows it |
//! | `triggers` | what invokes workers besides calls: schedules, queues, folders |
//! | `traces` | a reader of the stream that sends invocations to a collector of OpenTelemetry |
//! | `reload` | from a saved file to the workers that it changes: new processes before the old ones end |
//! | `workshop` | all of it together, on one port |

mod async_queue;
mod awake;
mod clock;
pub mod dashboard;
pub mod debug;
mod endpoint;
mod engines;
mod functions;
pub mod happenings;
mod lasting;
mod limits;
pub(crate) use async_queue as queue; // alias until integration
mod reload;
pub mod runtime;
pub mod traces;
mod triggers;
mod workshop;

pub use async_queue::{
    AsyncEvent, AsyncQueue, AttemptFuture, Claim, DestinationDelivery, DestinationFunction, DestinationKind,
    EventInvokeConfig, EventRecord, EventState, EventTransition, QueueStore, StoreError,
};
pub use clock::Clock;
pub use endpoint::ENDPOINT;
pub use limits::Edges;
// aliases until integration
pub use queue::{
    Attempt, Change, Condition, Delivered, Event, Fault, Listed, Next, Queue, Receiver, Rules, Run, State, Store,
    Taken, Why, letter, next, record,
};
pub use reload::{
    Affected, BuildFailed, Failed, Making, NotWatched, Reload, Reloaded, Reloader, Watch, Written, affected,
};
pub use triggers::NotTriggered;
pub use workshop::{NotOpened, Order, Workshop};
