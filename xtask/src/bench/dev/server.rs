//! A local Lambda, `cargo bedrock dev` or another tool, as a process that ends with this one, even if this one is killed.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use crate::tools;

/// Maximum time until a server listens. It may have to compile an app first.
const START_TIMEOUT: Duration = Duration::from_secs(480);
const PAUSE: Duration = Duration::from_millis(20);

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(in crate::bench) struct Server {
    child: Child,
    /// A shell that ends the process and all its descendants when its input is closed: Ctrl-C ends this program without a
    /// chance to do it.
    guard: Child,
    log: PathBuf,
}

impl Server {
    /// Starts a command with both of its outputs in a file.
    pub(in crate::bench) fn start(mut command: Command, log: PathBuf) -> Result<Self> {
        let file = File::create(&log).with_context(|| format!("failed to create {}", log.display()))?;
        let other = file.try_clone().with_context(|| format!("failed to open {} twice", log.display()))?;
        command.stdin(Stdio::null()).stdout(file).stderr(other).process_group(0);
        let shown = tools::shown(&command);
        let mut child = command.spawn().with_context(|| format!("failed to start `{shown}`"))?;
        let mut guard = Command::new("sh");
        guard.args(["-c", include_str!("guard.sh"), "guard"]).arg(child.id().to_string());
        match guard.stdin(Stdio::piped()).process_group(0).spawn() {
            Ok(guard) => Ok(Self { child, guard, log }),
            Err(error) => {
                let _ = child.kill();
                Err(error).context("failed to start `sh`")
            }
        }
    }

    /// Returns the id of its process.
    pub(in crate::bench) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns its output so far.
    pub(in crate::bench) fn said(&self) -> Result<String> {
        let bytes = fs::read(&self.log).with_context(|| format!("failed to read {}", self.log.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Waits until it listens on a port of 127.0.0.1.
    pub(in crate::bench) fn listens(&mut self, port: u16) -> Result<()> {
        self.until(|_| Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok().then_some(())))
    }

    /// Waits until its output has a line for which `find` returns a value.
    pub(in crate::bench) fn says<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> Result<T> {
        self.until(|server| Ok(server.said()?.lines().find_map(&find)))
    }

    fn until<T>(&mut self, mut is_there: impl FnMut(&Self) -> Result<Option<T>>) -> Result<T> {
        let since = Instant::now();
        while since.elapsed() < START_TIMEOUT {
            if let Some(found) = is_there(self)? {
                return Ok(found);
            }
            if let Some(status) = self.child.try_wait().context("failed to look after a server")? {
                bail!("a server has ended ({status}), see {}", self.log.display());
            }
            thread::sleep(PAUSE);
        }
        Err(anyhow!("a server was not ready after {} s, see {}", START_TIMEOUT.as_secs(), self.log.display()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.child.wait();
        let _ = self.guard.wait();
    }
}

/// Returns a port that is free at this moment.
pub(in crate::bench) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("failed to find a free port")?;
    Ok(listener.local_addr().context("failed to find a free port")?.port())
}

/// Writes a file, and creates its folder.
pub(in crate::bench) fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
}
