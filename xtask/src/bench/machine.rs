//! Properties of the machine that are needed to compare its figures with others.

use std::fs;

use anyhow::{Context, Result};

/// Returns the load average of the last minute.
pub(super) fn load() -> Result<String> {
    let text = fs::read_to_string("/proc/loadavg").context("failed to read /proc/loadavg")?;
    Ok(text.split(' ').next().unwrap_or_default().to_owned())
}

/// Returns a text such as `on 2 cores (Some Processor)`.
pub(super) fn name() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map(|(_, model)| format!(" ({})", model.trim())).unwrap_or_default();
    format!("on {cores} cores{model}")
}
