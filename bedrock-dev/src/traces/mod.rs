//! Invocations as spans, sent to a collector of OpenTelemetry: a reader of the stream like all others, so that a collector
//! which is slow or away costs spans and nothing else.
//!
//! | module | does |
//! | --- | --- |
//! | `settings` | what the variables of OpenTelemetry ask for |
//! | `spans` | happenings in, finished spans out |
//! | `message` | spans as OTLP has them, in protobuf and JSON |
//! | `post` | one batch to the collector |
//! | `export` | reading, batches, what is done when the collector is away |

mod export;
mod message;
mod post;
mod settings;
mod spans;

pub use export::{Traces, Warn};
pub use settings::{Protocol, Settings, Unusable};
pub use spans::Function;
