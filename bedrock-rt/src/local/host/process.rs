//! Starting and ending a host: its program, its sockets, its environment, its process group.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bedrock_build::{Language, WorkerName};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

use super::conn::Conn;
use super::prints::Prints;
use super::{Hosts, debug, socket};
use crate::Error;
use crate::local::dispatch::Info;
use crate::local::interpreter::Interpreter;
use crate::local::measured::{Measures, Memory};
use crate::local::reaper::Group;
use crate::local::{Invocation, files, install};

/// How long a host may take to load its worker. Lambda gives the init phase 10 s; a laptop that has just installed the
/// dependencies and caches nothing yet gets more.
const INIT: Duration = Duration::from_secs(60);
/// How long a host whose socket is closed may take to exit.
const EXIT: Duration = Duration::from_secs(2);
/// A Python host whose answers stop for so long is asked to read on with another thread.
const STUCK: Duration = Duration::from_millis(1);

/// Where Python keeps compiled modules, within the folder for what the local runtime writes.
pub(super) const BYTECODE: &str = "pycache";

/// A running host.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) conn: Arc<Conn>,
    pub(super) prints: Prints,
    group: Group,
    hosts: Arc<Hosts>,
    memory: Memory,
    /// What its start took, until an invocation has been told.
    init: Mutex<Option<Duration>>,
}

impl Host {
    /// Ends it now, with everything it started.
    pub(super) fn kill(&self) {
        self.hosts.kill(self.group);
    }

    /// Notes what is known of an invocation that it has run, the first one's start included.
    pub(super) fn measure(&self, invocation: &Invocation, took: Duration) {
        let memory = self.memory.most(invocation.tail.is_some());
        invocation.measured.note(Measures { took: Some(took), init: self.take_init(), memory });
    }

    /// The first invocation does not wait for its start, and is told of none.
    pub(super) fn take_init(&self) -> Option<Duration> {
        self.init.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether it can take calls; one that cannot is ended.
    pub(super) fn alive(&self) -> bool {
        let usable = self.conn.usable();
        if !usable {
            self.kill();
        }
        usable
    }

    /// Gives it no more calls, and ends it as soon as those that it runs are answered or have timed out.
    pub(super) fn retire(self: Arc<Self>) {
        self.conn.retire();
        let handle = self.hosts.handle.clone();
        handle.spawn(self.finish());
    }

    /// The same, and waits for it.
    pub(super) async fn finish(self: Arc<Self>) {
        // At once where it was done before, too.
        self.conn.retire();
        while self.conn.running() > 0 {
            self.conn.quiet.notified().await;
        }
        self.kill();
    }
}

/// Starts a host for a worker and waits until it has loaded it. One that cannot is ended.
pub(super) async fn start_ready(info: &Arc<Info>, hosts: &Arc<Hosts>) -> Result<Arc<Host>, Error> {
    let host = start(info, hosts).await?;
    let began = Instant::now();
    let bound = if hosts.debugger(&info.entry.name).is_some() { debug::INIT } else { INIT };
    match host.conn.ready(bound).await {
        Ok(()) => {
            *host.init.lock().unwrap_or_else(PoisonError::into_inner) = Some(began.elapsed());
            Ok(host)
        }
        Err(error) => {
            host.kill();
            Err(error)
        }
    }
}

/// Installs its dependencies first if that is needed. Does not wait until the host is ready.
async fn start(info: &Arc<Info>, hosts: &Arc<Hosts>) -> Result<Arc<Host>, Error> {
    let not_started =
        |message: String, help: Option<String>| Error::NotStarted { worker: info.entry.name.clone(), message, help };
    let dir = hosts.app.root.join(&info.entry.dir);
    if !dir.join(&info.entry.entry).is_file() {
        let message = format!("`{}/{}` is gone", info.entry.dir, info.entry.entry);
        return Err(not_started(message, None));
    }
    let finder = if info.entry.language == Language::Python { &hosts.python } else { &hosts.node };
    let interpreter =
        finder.get(&hosts.app.scratch).await.map_err(|(message, help)| not_started(message, Some(help)))?;
    let site = install::dependencies(info, hosts, interpreter).await.map_err(|(m, help)| not_started(m, help))?;
    let program = files::unpacked(&hosts.app.scratch)
        .map_err(|error| not_started(format!("failed to write the host program: {error}"), None))?;
    let url =
        hosts.api().await.map_err(|error| not_started(format!("failed to open the Invoke API: {error}"), None))?;
    let mut command = command(info, hosts, interpreter, &program);
    command.current_dir(&dir).process_group(0).kill_on_drop(true);
    environment(&mut command, info, hosts, url, &dir, &site);
    if let Some(port) = hosts.debugger(&info.entry.name) {
        debug::free(port).await.map_err(|(message, help)| not_started(message, help))?;
        if info.entry.language == Language::Python {
            let found = debug::debugpy(&hosts.app.scratch, &site, interpreter).await;
            command.env("BEDROCK_DEBUGPY", found.map_err(|(message, help)| not_started(message, help))?);
            command.env("BEDROCK_DEBUG_PORT", port.to_string());
        }
    }
    spawn(command, info, hosts)
        .map_err(|error| not_started(format!("failed to start `{}`: {error}", interpreter.path.display()), None))
}

/// What runs the worker, without its environment.
fn command(info: &Info, hosts: &Hosts, interpreter: &Interpreter, program: &Path) -> Command {
    let (mut command, debugger) = (Command::new("/bin/sh"), hosts.debugger(&info.entry.name));
    if info.entry.language == Language::Python {
        command.args(["-c", r#"exec "$@" 3<&0 4<&1 0</dev/null 1>&2"#, "sh"]).arg(&interpreter.path);
        let cache = hosts.app.scratch.join(BYTECODE);
        command.args(["-I", "-S", "-X"]).arg(format!("pycache_prefix={}", cache.display()));
        // A debugger does not see into modules that are part of the interpreter.
        command.args(debugger.iter().flat_map(|_| ["-X", "frozen_modules=off"]));
        command.arg(program.join("python/bedrock_host/__main__.py"));
    } else {
        command.args(["-c", r#"exec "$@" 3<&0 0</dev/null 1>&2"#, "sh"]).arg(&interpreter.path);
        command.args(debugger.iter().map(|port| format!("--inspect=127.0.0.1:{port}")));
        command.arg(program.join("javascript/host.mjs"));
    }
    command
}

fn environment(command: &mut Command, info: &Info, hosts: &Hosts, url: &str, dir: &Path, site: &Path) {
    let function = &info.function;
    let class = WorkerName::parse(&info.entry.name).map(|name| name.class_name()).unwrap_or_default();
    let region = function.arn.split(':').nth(3).unwrap_or_default();
    let memory = function.memory.to_string();
    for (name, value) in [
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.as_str()),
        ("AWS_LAMBDA_FUNCTION_VERSION", &function.version),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &function.log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", &function.log_stream),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ACCESS_KEY_ID", &hosts.access_key(&info.entry.name)),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_SESSION_TOKEN", "local"),
        ("AWS_ENDPOINT_URL_LAMBDA", url),
        ("_HANDLER", "main.handler"),
        ("BEDROCK_LOCAL", "1"),
        ("BEDROCK_APP", hosts.app.name),
        ("BEDROCK_WORKER", &info.entry.name),
        ("BEDROCK_WORKER_CLASS", &class),
        ("BEDROCK_FUNCTION_ARN", &function.arn),
    ] {
        command.env(name, value);
    }
    command.envs(hosts.variables.iter().map(|(name, value)| (name, value)));
    command.env("LAMBDA_TASK_ROOT", dir).env("BEDROCK_WORKER_DIR", dir).env("BEDROCK_SITE_DIR", site);
    // Set by whoever runs the app for itself; a worker on Lambda would not see them.
    for name in ["AWS_PROFILE", "AWS_LAMBDA_RUNTIME_API", "NODE_OPTIONS"] {
        command.env_remove(name);
    }
}

fn spawn(mut command: Command, info: &Arc<Info>, hosts: &Arc<Hosts>) -> std::io::Result<Arc<Host>> {
    let (ours, theirs) = StdStream::pair()?;
    command.stdin(Stdio::from(OwnedFd::from(theirs))).stderr(Stdio::piped());
    let control = if info.entry.language == Language::Python {
        let (ours, theirs) = StdStream::pair()?;
        ours.set_nonblocking(true)?;
        command.stdout(Stdio::from(OwnedFd::from(theirs)));
        Some(UnixStream::from_std(ours)?)
    } else {
        command.stdout(Stdio::null());
        None
    };
    let mut child = command.spawn()?;
    // The command keeps the other ends of the sockets; without them the end of the host is the end of the stream.
    drop(command);
    // It leads the group, which has its number.
    let group = child.id().ok_or_else(|| std::io::Error::other("it ended at once"))?;
    if !hosts.adopt(group) {
        return Err(std::io::Error::other("the program is stopping"));
    }
    let pipe = child.stderr.take().ok_or_else(|| std::io::Error::other("it has no pipe"))?.into_owned_fd()?;
    let prints = Prints::read(pipe, info.entry.name.as_str().into(), hosts.output.clone(), &hosts.handle)?;
    let (read, write) = socket::split(ours)?;
    let conn = Conn::new(Arc::clone(info), write, info.entry.language == Language::JavaScript);
    let (memory, init) = (Memory::of(group), Mutex::default());
    let host = Arc::new(Host { conn: Arc::clone(&conn), prints, group, hosts: Arc::clone(hosts), memory, init });
    hosts.handle.spawn(follow(Arc::clone(&host), child, read, info.entry.name.clone()));
    if let Some(control) = control {
        hosts.handle.spawn(unstick(conn, control));
    }
    Ok(host)
}

/// Reads the answers of a host until it ends, then tells everybody who still waits how it ended.
async fn follow(host: Arc<Host>, mut child: Child, read: socket::Incoming, worker: String) {
    let nonsense = host.conn.read(read).await.is_err();
    let status = if nonsense { None } else { tokio::time::timeout(EXIT, child.wait()).await.ok().and_then(Result::ok) };
    // Also when the host itself is gone: what it started is not.
    host.kill();
    let message = match status {
        _ if nonsense => "the host's answer was nonsense".to_owned(),
        Some(status) => describe(status),
        None => "Runtime closed its socket".to_owned(),
    };
    let trace = Vec::new();
    host.conn.close(&Error::Function { worker, error_type: "Runtime.ExitError".to_owned(), message, trace });
    let _ = child.wait().await;
}

/// In Lambda's words.
fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (_, Some(9)) => "Runtime exited with error: signal: killed".to_owned(),
        (_, Some(6)) => "Runtime exited with error: signal: aborted".to_owned(),
        (_, Some(signal)) => format!("Runtime exited with error: signal: {signal}"),
        _ => "Runtime exited without providing a reason".to_owned(),
    }
}

/// Asks a Python host to read with another thread when the one that reads is stuck in a call and more calls wait.
async fn unstick(conn: Arc<Conn>, mut control: UnixStream) {
    use std::sync::atomic::Ordering;
    loop {
        conn.crowded.notified().await;
        if conn.ended() {
            return;
        }
        let before = conn.answered.load(Ordering::Relaxed);
        tokio::time::sleep(STUCK).await;
        if conn.answered.load(Ordering::Relaxed) != before && conn.running() > 1 {
            // It moves, but the next call in its buffer may be the one that is stuck: look again.
            conn.crowded.notify_one();
            continue;
        }
        if conn.running() > 1 && control.write_all(b"t").await.is_err() {
            return;
        }
    }
}
