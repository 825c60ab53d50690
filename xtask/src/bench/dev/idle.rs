//! Memory and processor time of an idle `cargo bedrock dev`, before the first call and with all workers warm, read from
//! `/proc`.

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::app::{App, Dev};
use super::client::Client;
use super::server::write;

/// Time after which work that was started before has ended.
const REST: Duration = Duration::from_secs(3);
const MEASURED_TIME: Duration = Duration::from_secs(10);

/// Resources of the process without its children.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Own {
    /// Resident memory in MB.
    pub(super) memory_mb: f64,
    /// Hundredths of a second on a processor, user and system, since it was started.
    pub(super) ticks: u64,
}

/// Resources while the app is idle.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Idle {
    /// Processes of workers.
    pub(super) hosts: usize,
    /// Hundredths of a second in [`MEASURED_TIME`].
    pub(super) ticks: u64,
    pub(super) memory_mb: f64,
}

/// Resources in both states.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Rest {
    pub(super) workers: usize,
    pub(super) uncalled: Idle,
    pub(super) warm: Idle,
    /// Number of reloads without a saved file, in a folder with `.gitignore`.
    pub(super) unasked: usize,
}

/// Measures an app before the first call of a worker, and after each worker was called.
pub(super) fn measure(app: &App<'_>, client: &Client<'_>) -> Result<Rest> {
    eprintln!("idle, {} workers", app.names.len());
    let dev = app.dev(&[])?;
    // Files that tools write there must not cause a reload.
    write(&app.root.join("target/written.rs"), "// It is not compiled.\n")?;
    let uncalled = look(&dev)?;
    for name in &app.names {
        // The worker of the template rejects this event and answers with an error, but its process runs.
        client.load(&dev.function(name), 1, 1)?;
    }
    let warm = look(&dev)?;
    Ok(Rest { workers: app.names.len(), uncalled, warm, unasked: dev.reloads()? })
}

fn look(dev: &Dev) -> Result<Idle> {
    thread::sleep(REST);
    let process = dev.server.id();
    let before = own(process)?;
    thread::sleep(MEASURED_TIME);
    let after = own(process)?;
    Ok(Idle { hosts: hosts(process)?, ticks: after.ticks - before.ticks, memory_mb: after.memory_mb })
}

/// Returns the resources of a process.
pub(super) fn own(process: u32) -> Result<Own> {
    let status = read(process, "status")?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok());
    let kib: u32 = kib.ok_or_else(|| anyhow!("no VmRSS in the status of process {process}"))?;
    let ticks = ticks(&read(process, "stat")?).ok_or_else(|| anyhow!("process {process} has no times"))?;
    Ok(Own { memory_mb: f64::from(kib) * 1024.0 / 1e6, ticks })
}

/// Returns `utime` plus `stime` of proc_pid_stat(5). The second field is a name in brackets, which may contain anything.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// Returns the processes that were started, without the shell that would end them.
fn hosts(process: u32) -> Result<usize> {
    let mut hosts = 0;
    let tasks = format!("/proc/{process}/task");
    for task in fs::read_dir(&tasks).with_context(|| format!("failed to read {tasks}"))? {
        let children = fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        let names = children.split_whitespace().filter_map(|child| read(child.parse().ok()?, "comm").ok());
        hosts += names.filter(|name| name.trim() != "sh").count();
    }
    Ok(hosts)
}

fn read(process: u32, file: &str) -> Result<String> {
    let path = format!("/proc/{process}/{file}");
    fs::read_to_string(&path).with_context(|| format!("failed to read {path}"))
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn times_of_a_process_are_parsed_after_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 900 0 0 0 31 11 0 0 20 0 4 0 100 0 0";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!(ticks("7 (a"), None);
    }
}
