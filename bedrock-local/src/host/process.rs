//! Starts and ends a host process: its command, its sockets, its environment variables, its process group.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bedrock_build::{Language, PathDependencies, WorkerName};
use bedrock_model::backend::{WORKER_SECRET_KEY, function_session_token};
use bedrock_model::exit_status::exit_status_text;
use bedrock_model::{Invocation, Metrics};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

use super::connection::Connection;
use super::contract_cache::CachedContract;
use super::dependencies::{self, InstalledWorker, shared_folder};
use super::log_reader::LogReader;
use super::registry::HostRegistry;
use super::{debugger, socket};
use crate::build_warnings::build_warnings;
use crate::host_files;
use crate::interpreter::Interpreter;
use crate::process_memory::ProcessMemory;
use crate::reaper::Group;
use crate::worker_contract::{CONTRACT_VARIABLE, UPDATE_HELP, stale_contract};
use crate::worker_environment::{REMOVED_VARIABLES, lambda_variables};
use crate::worker_info::WorkerInfo;
use bedrock_model::Error;

/// How long a host may take to load its worker. Lambda allows 10 s for the init phase. Locally it is longer, because
/// nothing is cached yet when the dependencies have just been installed.
const INIT_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a host may take to exit after its socket was closed.
const EXIT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a Python host may stop responding before it is asked to continue reading in another thread.
const STUCK_AFTER: Duration = Duration::from_millis(1);

/// Folder for compiled Python modules, in the scratch folder of the local runtime.
const BYTECODE_FOLDER: &str = "pycache";

/// A running host process.
#[derive(Debug)]
pub(super) struct HostProcess {
    pub(super) connection: Arc<Connection>,
    pub(super) log_reader: LogReader,
    group: Group,
    hosts: Arc<HostRegistry>,
    memory: ProcessMemory,
    /// How long the process took to start, until the metrics of an invocation include it.
    init_duration: Mutex<Option<Duration>>,
}

impl HostProcess {
    /// Kills the process and all processes that it started.
    pub(super) fn kill(&self) {
        self.hosts.kill(self.group);
    }

    /// Records the metrics of an invocation. Those of the first invocation include the start of the process.
    pub(super) fn record_metrics(&self, invocation: &Invocation, took: Duration) {
        let memory = self.memory.peak(invocation.tail.is_some());
        invocation.metrics.record(Metrics { took: Some(took), init: self.take_init_duration(), memory });
    }

    /// Returns how long the process took to start, once. Also called for a process that was started before it was
    /// needed, whose first invocation does not wait for the start.
    pub(super) fn take_init_duration(&self) -> Option<Duration> {
        self.init_duration.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether the process accepts calls. If not, it is killed.
    pub(super) fn check_alive(&self) -> bool {
        let is_usable = self.connection.is_usable();
        if !is_usable {
            self.kill();
        }
        is_usable
    }

    /// Sends no more calls to the process, and kills it when its running calls have ended or timed out.
    pub(super) fn retire(self: Arc<Self>) {
        self.connection.retire();
        let handle = self.hosts.handle.clone();
        handle.spawn(self.finish());
    }

    /// Does the same as [`HostProcess::retire`] and waits for the end.
    pub(super) async fn finish(self: Arc<Self>) {
        self.connection.retire();
        while self.connection.running() > 0 {
            self.connection.idle.notified().await;
        }
        self.kill();
    }
}

/// Starts a host for a worker and waits until it has loaded the worker, whose types must be those of its contract. Kills the process if it cannot load it.
pub(super) async fn start_ready(info: &Arc<WorkerInfo>, hosts: &Arc<HostRegistry>) -> Result<Arc<HostProcess>, Error> {
    let host = start_loaded(info, hosts).await?;
    if let Some(message) = stale_contract(&info.entry, &info.contract, host.connection.contract()) {
        let help = UPDATE_HELP.to_owned();
        if hosts.requires_current_contracts {
            host.kill();
            return Err(Error::NotStarted { worker: info.entry.name.clone(), message, help: Some(help) });
        }
        hosts.output.print(&format!("warning: {message}\n  help: {help}"));
    }
    Ok(host)
}

/// Returns the types of a worker as JSON, empty if it has none. Starts a host, and ends it, if the code has changed.
pub(crate) async fn read_contract(info: &Arc<WorkerInfo>, hosts: &Arc<HostRegistry>) -> Result<Vec<u8>, Error> {
    let installed = dependencies::install(info, hosts).await?;
    let cached = CachedContract::of(info, hosts, &installed);
    if let Some(contract) = cached.as_ref().and_then(CachedContract::read) {
        return Ok(contract);
    }
    let host = start_loaded(info, hosts).await?;
    let contract = host.connection.contract().to_vec();
    host.finish().await;
    // The code may have changed while it was read.
    let is_same = |cached: &&CachedContract| CachedContract::of(info, hosts, &installed).as_ref() == Some(*cached);
    if let Some(cached) = cached.as_ref().filter(is_same) {
        cached.write(&contract);
    }
    Ok(contract)
}

async fn start_loaded(info: &Arc<WorkerInfo>, hosts: &Arc<HostRegistry>) -> Result<Arc<HostProcess>, Error> {
    let host = start(info, hosts).await?;
    let started = Instant::now();
    let timeout = if hosts.debugger_port(info).is_some() { debugger::INIT_TIMEOUT } else { INIT_TIMEOUT };
    match host.connection.ready(timeout).await {
        Ok(()) => {
            *host.init_duration.lock().unwrap_or_else(PoisonError::into_inner) = Some(started.elapsed());
            Ok(host)
        }
        Err(error) => {
            host.kill();
            Err(error)
        }
    }
}

/// Prints what a build refuses of a worker, once.
pub(crate) fn print_build_warnings(info: &WorkerInfo, hosts: &HostRegistry) {
    if info.old_code.is_none() && hosts.is_first_start(&info.entry.name) {
        for warning in build_warnings(&hosts.app.root, &info.entry.dir, info.entry.language) {
            hosts.output.print(&warning);
        }
    }
}

/// Starts a host without waiting until it is ready. Installs the dependencies first, if necessary.
async fn start(info: &Arc<WorkerInfo>, hosts: &Arc<HostRegistry>) -> Result<Arc<HostProcess>, Error> {
    let not_started =
        |message: String, help: Option<String>| Error::NotStarted { worker: info.entry.name.clone(), message, help };
    let dir = hosts.app.root.join(&info.entry.dir);
    if !dir.join(&info.entry.entry).is_file() {
        let message = format!("`{}/{}` does not exist", info.entry.dir, info.entry.entry);
        return Err(not_started(message, None));
    }
    print_build_warnings(info, hosts);
    let InstalledWorker { interpreter, site } = dependencies::install(info, hosts).await?;
    let program = host_files::unpack(&hosts.app.scratch).map_err(|error| {
        let folder = hosts.app.scratch.display();
        let message = format!("failed to write the host program to `{folder}`: {error}");
        not_started(message, Some("`CARGO_TARGET_DIR` must be a folder that can be written".to_owned()))
    })?;
    let url =
        hosts.api_url().await.map_err(|error| not_started(format!("failed to open the Invoke API: {error}"), None))?;
    let mut command = command(info, hosts, interpreter, &program);
    command.current_dir(&dir).process_group(0).kill_on_drop(true);
    set_environment(&mut command, info, hosts, url, &dir, &site);
    if let Some(port) = hosts.debugger_port(info) {
        debugger::wait_until_free(port).await.map_err(|(message, help)| not_started(message, help))?;
        if info.entry.language == Language::Python {
            let found = debugger::find_debugpy(&hosts.app.scratch, &site, interpreter).await;
            command.env("BEDROCK_DEBUGPY", found.map_err(|(message, help)| not_started(message, help))?);
            command.env("BEDROCK_DEBUG_PORT", port.to_string());
        }
    }
    spawn(command, info, hosts)
        .map_err(|error| not_started(format!("failed to start `{}`: {error}", interpreter.path.display()), None))
}

/// Returns the command that runs the worker, without its environment.
fn command(info: &WorkerInfo, hosts: &HostRegistry, interpreter: &Interpreter, program: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    let debugger_port = hosts.debugger_port(info);
    if info.entry.language == Language::Python {
        command.args(["-c", r#"exec "$@" 3<&0 4<&1 0</dev/null 1>&2"#, "sh"]).arg(&interpreter.path);
        let cache = hosts.app.scratch.join(BYTECODE_FOLDER);
        command.args(["-I", "-S", "-X"]).arg(format!("pycache_prefix={}", cache.display()));
        // A debugger cannot step into modules that are frozen into the interpreter.
        command.args(debugger_port.iter().flat_map(|_| ["-X", "frozen_modules=off"]));
        command.arg(program.join("python/bedrock_host/__main__.py"));
    } else {
        command.args(["-c", r#"exec "$@" 3<&0 0</dev/null 1>&2"#, "sh"]).arg(&interpreter.path);
        command.args(debugger_port.iter().map(|port| format!("--inspect=127.0.0.1:{port}")));
        command.arg(program.join("javascript/host.mjs"));
    }
    command
}

/// Sets the environment variables of a process that runs the code of a worker.
pub(super) fn set_environment(
    command: &mut Command,
    info: &WorkerInfo,
    hosts: &HostRegistry,
    url: &str,
    dir: &Path,
    site: &Path,
) {
    let function = &info.function;
    let class = WorkerName::parse(&info.entry.name).map(|name| name.class_name()).unwrap_or_default();
    let region = function.arn.split(':').nth(3).unwrap_or_default();
    let memory = function.memory.to_string();
    for name in REMOVED_VARIABLES {
        command.env_remove(name);
    }
    let configured = hosts.app.environment.of_worker(&info.entry.name);
    command.envs(lambda_variables(&info.entry.runtime, hosts.variables.iter().chain(configured).cloned()));
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
        ("AWS_SECRET_ACCESS_KEY", WORKER_SECRET_KEY),
        // Under `cargo run` and in tests, the access key is the same for all workers.
        ("AWS_SESSION_TOKEN", &function_session_token(&info.entry.name)),
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
    if info.contract.exists() {
        command.env(CONTRACT_VARIABLE, "1");
    }
    if info.entry.durable.is_some() {
        command.env("BEDROCK_DURABLE", "1");
    }
    command.env("LAMBDA_TASK_ROOT", dir).env("BEDROCK_WORKER_DIR", dir).env("BEDROCK_SITE_DIR", site);
    match (shared_folder(info, hosts), info.entry.language) {
        (Some(shared), Language::Python) => {
            command.env("BEDROCK_SHARED_DIR", shared);
        }
        // Shared code imports the packages of the worker, which Node.js does not find from its folder.
        (Some(_), _) => {
            let path = std::env::var_os("NODE_PATH").unwrap_or_default();
            let folders = [dir.join("node_modules")].into_iter().chain(std::env::split_paths(&path));
            // A path with `:` cannot be in the variable.
            if let Ok(path) = std::env::join_paths(folders.filter(|folder| !folder.as_os_str().is_empty())) {
                command.env("NODE_PATH", path);
            }
        }
        (None, _) => {
            command.env_remove("BEDROCK_SHARED_DIR");
        }
    }
}

/// Deletes compiled Python modules of a worker. Python recognizes changed files by modification time in seconds and size,
/// and a reload can happen within a second.
pub(super) fn delete_bytecode(info: &WorkerInfo, hosts: &HostRegistry) {
    if info.entry.language != Language::Python {
        return;
    }
    let app = &hosts.app;
    let own = app.root.join(&info.entry.dir);
    let packages = PathDependencies::of(&app.root, &info.entry.dir, Language::Python).found;
    let shared = shared_folder(info, hosts);
    for folder in [own].into_iter().chain(shared).chain(packages.into_iter().map(|package| package.dir)) {
        if let Ok(relative) = folder.strip_prefix("/") {
            // If it cannot be deleted, or does not exist, Python decides as usual.
            let _ = std::fs::remove_dir_all(app.scratch.join(BYTECODE_FOLDER).join(relative));
        }
    }
}

fn spawn(mut command: Command, info: &Arc<WorkerInfo>, hosts: &Arc<HostRegistry>) -> std::io::Result<Arc<HostProcess>> {
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
    // The command holds the other ends of the sockets. Without them the stream ends when the host exits.
    drop(command);
    // The process is the leader of its group, so both have the same id.
    let group = child.id().ok_or_else(|| std::io::Error::other("it exited immediately"))?;
    if !hosts.register(group) {
        return Err(std::io::Error::other("the program is stopping"));
    }
    let pipe = child.stderr.take().ok_or_else(|| std::io::Error::other("it has no pipe"))?.into_owned_fd()?;
    let log_reader = LogReader::start(pipe, info.entry.name.as_str().into(), hosts.output.clone(), &hosts.handle)?;
    let (read, write) = socket::split(ours)?;
    let connection = Connection::new(Arc::clone(info), write, info.entry.language == Language::JavaScript);
    let host = Arc::new(HostProcess {
        connection: Arc::clone(&connection),
        log_reader,
        group,
        hosts: Arc::clone(hosts),
        memory: ProcessMemory::of(group),
        init_duration: Mutex::default(),
    });
    hosts.handle.spawn(follow(Arc::clone(&host), child, read, info.entry.name.clone()));
    if let Some(control) = control {
        hosts.handle.spawn(request_reader_threads(connection, control));
    }
    Ok(host)
}

/// Reads the responses of a host until it exits. All waiting callers then get an error that contains its exit status.
async fn follow(host: Arc<HostProcess>, mut child: Child, read: socket::Incoming, worker: String) {
    let is_invalid = host.connection.read(read).await.is_err();
    let status = if is_invalid {
        None
    } else {
        tokio::time::timeout(EXIT_TIMEOUT, child.wait()).await.ok().and_then(Result::ok)
    };
    // Even if the host itself has exited: the processes that it started may still run.
    host.kill();
    let message = match status {
        _ if is_invalid => "the host process violated the protocol".to_owned(),
        Some(status) => exit_status_text(status),
        None => "Runtime closed its socket".to_owned(),
    };
    let error_type = "Runtime.ExitError".to_owned();
    host.connection.close(&Error::Function { worker, error_type, message, trace: Vec::new() });
    let _ = child.wait().await;
}

/// Asks a Python host to continue reading in another thread when the reading thread is stuck in a call and more calls
/// wait.
async fn request_reader_threads(connection: Arc<Connection>, mut control: UnixStream) {
    use std::sync::atomic::Ordering;
    loop {
        connection.second_call.notified().await;
        if connection.is_closed() {
            return;
        }
        let before = connection.answered.load(Ordering::Relaxed);
        tokio::time::sleep(STUCK_AFTER).await;
        if connection.answered.load(Ordering::Relaxed) != before && connection.running() > 1 {
            // The host responds, but the next call in its buffer may be stuck: check again.
            connection.second_call.notify_one();
            continue;
        }
        if connection.running() > 1 && control.write_all(b"t").await.is_err() {
            return;
        }
    }
}
