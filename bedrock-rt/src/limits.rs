//! Lambda's limits that a program can see.

/// Bytes of an event or response of a call that waits for its answer (Lambda quotas: 6 MB).
pub(crate) const SYNC_PAYLOAD: usize = 6 * 1024 * 1024;
/// Bytes of the event of a fire-and-forget call (Lambda API model 2026: 1 MB).
pub(crate) const EVENT_PAYLOAD: usize = 1024 * 1024;
