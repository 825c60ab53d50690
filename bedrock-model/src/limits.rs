//! Lambda's limits that a program can observe.

/// Maximum size of an event or response of a call that waits for the response (Lambda quotas: 6 MB).
pub const MAX_SYNC_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;
/// Maximum size of a streamed response (Lambda quotas: 200 MB).
pub const MAX_STREAMED_RESPONSE_BYTES: usize = 200 * 1024 * 1024;
/// Maximum size of the event of a fire-and-forget call (Lambda API model 2026: 1 MB).
pub const MAX_EVENT_PAYLOAD_BYTES: usize = 1024 * 1024;
/// Memory size for which Lambda assigns one processor (Lambda developer guide, "Configure function memory").
const MEGABYTES_PER_PROCESSOR: usize = 1769;

/// Returns the number of processors of a function with this `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`. Without a valid memory
/// size it is that of the machine. On Lambda the machine shows two processors, however small the function's share of
/// them is.
pub fn available_parallelism(memory: Option<&str>) -> usize {
    match memory.and_then(|megabytes| megabytes.parse::<usize>().ok()) {
        Some(megabytes) => megabytes.div_ceil(MEGABYTES_PER_PROCESSOR).max(1),
        None => std::thread::available_parallelism().map_or(1, usize::from),
    }
}

#[cfg(test)]
mod tests {
    use super::available_parallelism;

    #[test]
    fn parallelism_increases_with_memory() {
        let processors = |memory| available_parallelism(Some(memory));
        assert_eq!(["128", "1769", "1770", "3538", "10240", "0"].map(processors), [1, 1, 2, 2, 6, 1]);
        let machine = std::thread::available_parallelism().map_or(1, usize::from);
        assert_eq!([available_parallelism(None), processors("much")], [machine, machine]);
    }
}
