//! Runs ministack, an emulator of AWS services, in a process of its own. What it stores outlives it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::time::{Duration, Instant};

use bedrock_local::Reaper;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::options::ServiceOptions;
use crate::ui::Printer;
use bedrock_diagnostics::{Error, Result};

/// The services that workers get. Those that run code or containers are left out: every user of this machine can reach the
/// port. Queues and buckets are in the dev server.
const SERVICES: &str = "acm,appconfig,appconfigdata,athena,cloudwatch,cognito-identity,cognito-idp,dynamodb,dynamodbstreams,\
                        firehose,kinesis,kms,logs,route53,scheduler,secretsmanager,ses,sesv2,ssm,states,sts";
/// The port of ministack's documentation, so that the URL is the same at every start.
const DEFAULT_PORT: u16 = 4566;
/// How often a start is tried: a free port may be in use again by the time ministack listens on it.
const MAX_START_ATTEMPTS: usize = 3;
const START_TIMEOUT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Time that ministack has to store its state.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// Number of bytes at the end of the log that an error shows.
const MAX_LOG_BYTES: usize = 1000;

/// A running ministack. It is stopped when this is dropped, and killed if this program is killed.
pub(super) struct Ministack {
    url: String,
    /// Waited for last, so that no other process can have its id before.
    child: Child,
    is_stopping: Arc<AtomicBool>,
    /// Closed when the process has ended.
    ended: Receiver<()>,
    reaper: Reaper,
}

impl Ministack {
    /// Starts `program`, which stores its state and its log in `folder`, and waits until it responds.
    pub(super) fn start(program: &Path, folder: &Path, options: ServiceOptions<'_>) -> Result<Self> {
        // It contains what workers store.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder.join("tmp"))
            .map_err(|error| io_error(folder, &error))?;
        let mut output = String::new();
        for attempt in 0..MAX_START_ATTEMPTS {
            let address = free_address(attempt == 0).map_err(|error| io_error(folder, &error))?;
            match Self::try_start(program, folder, address, options)? {
                Ok(running) => return Ok(running),
                Err(log) => output = log,
            }
        }
        Err(start_error(output).help(format!("its log is `{}`", log_path(folder).display())))
    }

    /// Returns whether it has ended by itself.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.try_recv() == Err(TryRecvError::Disconnected)
    }

    /// Returns the URL that all services are at.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the end of the log if the process ends before it responds.
    fn try_start(
        program: &Path,
        folder: &Path,
        address: SocketAddr,
        options: ServiceOptions<'_>,
    ) -> Result<std::result::Result<Self, String>> {
        let log = log_file(folder).map_err(|error| io_error(folder, &error))?;
        let child = command(program, folder, address.port(), log).spawn();
        let child = child.map_err(|error| start_error(format!("`{}`: {error}", program.display())))?;
        let reaper = Reaper::default();
        reaper.watch(child.id());
        let is_stopping = Arc::<AtomicBool>::default();
        let ended =
            wait_in_background(Pid::from_child(&child), log_path(folder), Arc::clone(&is_stopping), options.print);
        let running = Self { url: format!("http://{address}"), child, is_stopping, ended, reaper };
        let started = Instant::now();
        while running.ended.recv_timeout(POLL_INTERVAL) == Err(RecvTimeoutError::Timeout) {
            options.tools.check()?;
            if is_healthy(address) {
                running.is_stopping.store(false, Ordering::Relaxed);
                return Ok(Ok(running));
            }
            if started.elapsed() > START_TIMEOUT {
                break;
            }
        }
        Ok(Err(end_of_log(folder)))
    }
}

impl Drop for Ministack {
    fn drop(&mut self) {
        self.is_stopping.store(true, Ordering::Relaxed);
        let group = Pid::from_child(&self.child);
        let _ = kill_process_group(group, Signal::TERM);
        if self.ended.recv_timeout(STOP_TIMEOUT) == Err(RecvTimeoutError::Timeout) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        self.reaper.finish();
        let _ = self.child.wait();
    }
}

/// Returns the region of the app on this machine.
pub(super) fn local_region() -> String {
    part_of_local_arn(3)
}

/// Returns a part of the ARN of an app's function on this machine.
fn part_of_local_arn(number: usize) -> String {
    bedrock_local::function_arn("any").split(':').nth(number).unwrap_or_default().to_owned()
}

fn command(program: &Path, folder: &Path, port: u16, log: [File; 2]) -> Command {
    let [stdout, stderr] = log;
    let mut command = Command::new(program);
    // Credentials of the user are none of its business.
    let of_user = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_"));
    for (name, _) in of_user {
        command.env_remove(name);
    }
    command
        .env("BIND_HOST", Ipv4Addr::LOCALHOST.to_string())
        .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        .env("GATEWAY_PORT", port.to_string())
        .env("IOT_MTLS_ENABLED", "0")
        .env("LOG_LEVEL", "WARNING")
        .env("MINISTACK_ACCOUNT_ID", part_of_local_arn(4))
        .env("MINISTACK_REGION", local_region())
        .env("PERSIST_STATE", "1")
        .env("SERVICES", SERVICES)
        .env("SFTP_ENABLED", "0")
        .env("STATE_DIR", folder.join("state"))
        .env("TMPDIR", folder.join("tmp"))
        .current_dir(folder)
        // Ctrl-C on the terminal is for this program, which stops it in order.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr);
    command
}

/// Waits for the end of the process, which stays a child. A warning says so, unless it was stopped on purpose.
fn wait_in_background(process: Pid, log: PathBuf, is_stopping: Arc<AtomicBool>, print: Printer) -> Receiver<()> {
    let (running, ended) = channel();
    // The start reports an early end itself.
    is_stopping.store(true, Ordering::Relaxed);
    std::thread::spawn(move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        // A signal that this program handles interrupts the call.
        while matches!(waitid(WaitId::Pid(process), options), Err(Errno::INTR)) {}
        if !is_stopping.load(Ordering::Relaxed) {
            let log = log.display();
            print.warning(&format!("ministack has ended, and a restart starts it again; its log is `{log}`"));
        }
        drop(running);
    });
    ended
}

/// Returns whether the server at `address` answers as ministack does.
fn is_healthy(address: SocketAddr) -> bool {
    let ask = || -> io::Result<bool> {
        let mut connection = TcpStream::connect(address)?;
        connection.set_read_timeout(Some(Duration::from_secs(5)))?;
        connection.write_all(b"GET /_ministack/health HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut head = [0; "HTTP/1.0 200".len()];
        connection.read_exact(&mut head)?;
        Ok(head.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

/// Returns an address with any free port, or with the default one if it is free and `is_default_preferred`.
fn free_address(is_default_preferred: bool) -> io::Result<SocketAddr> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    // Some systems let a server listen on this address although another one listens on all addresses.
    let is_used = || TcpStream::connect((Ipv4Addr::LOCALHOST, DEFAULT_PORT)).is_ok();
    if is_default_preferred
        && !is_used()
        && let Ok(listener) = bind(DEFAULT_PORT)
    {
        return listener.local_addr();
    }
    bind(0)?.local_addr()
}

/// Creates the log, for standard output and standard error.
fn log_file(folder: &Path) -> io::Result<[File; 2]> {
    let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(log_path(folder))?;
    let copy = file.try_clone()?;
    Ok([file, copy])
}

fn log_path(folder: &Path) -> PathBuf {
    folder.join("ministack.log")
}

fn end_of_log(folder: &Path) -> String {
    let text = std::fs::read(log_path(folder)).unwrap_or_default();
    let end = &text[text.len().saturating_sub(MAX_LOG_BYTES)..];
    let end = String::from_utf8_lossy(end).trim().to_owned();
    if end.is_empty() { "it ended without a message".to_owned() } else { end }
}

fn start_error(cause: impl Into<String>) -> Error {
    Error::call("failed to start ministack").cause(cause)
}

fn io_error(folder: &Path, error: &io::Error) -> Error {
    start_error(format!("`{}`: {error}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::{DEFAULT_PORT, free_address};
    use std::net::{Ipv4Addr, TcpListener};

    #[test]
    fn port_of_another_server_is_not_used() {
        // If this fails, another server has it already.
        let _server = TcpListener::bind((Ipv4Addr::UNSPECIFIED, DEFAULT_PORT));
        for is_default_preferred in [true, false] {
            let address = free_address(is_default_preferred).expect("an address");
            assert!(address.ip().is_loopback() && address.port() != DEFAULT_PORT, "{address}");
        }
    }
}
