//! Lambda's limits that a program can see.

/// Bytes of an event or response of a call that waits for its answer (Lambda quotas: 6 MB).
pub(crate) const SYNC_PAYLOAD: usize = 6 * 1024 * 1024;
/// Bytes of the event of a fire-and-forget call (Lambda API model 2026: 1 MB).
pub(crate) const EVENT_PAYLOAD: usize = 1024 * 1024;
/// Megabytes for which Lambda gives a function one processor (Lambda developer guide, "Configure function memory").
const MEMORY_OF_PROCESSOR: usize = 1769;

/// How many processors a function has whose `AWS_LAMBDA_FUNCTION_MEMORY_SIZE` is this; without it, as many as the machine
/// shows. On Lambda a machine shows two, however small a share of them the function has.
pub(crate) fn processors(memory: Option<&str>) -> usize {
    match memory.and_then(|megabytes| megabytes.parse::<usize>().ok()) {
        Some(megabytes) => megabytes.div_ceil(MEMORY_OF_PROCESSOR).max(1),
        None => std::thread::available_parallelism().map_or(1, usize::from),
    }
}

#[cfg(test)]
mod tests {
    use super::processors;

    #[test]
    fn memory_buys_processors() {
        let of = |memory| processors(Some(memory));
        assert_eq!(["128", "1769", "1770", "3538", "10240", "0"].map(of), [1, 1, 2, 2, 6, 1]);
        let machine = std::thread::available_parallelism().map_or(1, usize::from);
        assert_eq!([processors(None), of("much")], [machine, machine]);
    }
}
