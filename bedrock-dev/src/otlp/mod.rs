//! Invocations as spans, sent to an OpenTelemetry collector. It reads the event log like every other subscriber: a
//! collector that is slow or unreachable loses spans and has no other effect.
//!
//! | module | does |
//! | --- | --- |
//! | `config` | configuration by OpenTelemetry's environment variables |
//! | `spans` | turns events of the log into finished spans |
//! | `proto` | spans as OTLP messages, in protobuf and JSON |
//! | `client` | sends one batch to the collector |
//! | `exporter` | reads the log, batches spans, retries |

mod client;
mod config;
mod exporter;
mod proto;
mod spans;

pub use config::{OtlpConfig, OtlpConfigError, Protocol};
pub use exporter::{TraceExporter, Warn};
pub use spans::Function;
