//! A copy of the conformance app that runs in a dev server with reloads, and the resources that this process uses.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bedrock_build::App;
use bedrock_dev::{Clock, DevServer, DevServerConfig, ReloadOutcome};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use crate::built::binary;
use crate::driver::{app_dir, copy_of_app};
use crate::plan::{TIMEOUT_SECONDS, WORKERS};

/// How often to check whether resources have been released.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// The maximum time until resources are released.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(20);

/// The app and its dev server.
pub(crate) struct DevApp {
    dir: TempDir,
    pub(crate) clock: Clock,
    pub(crate) server: DevServer,
    reports: UnboundedReceiver<ReloadOutcome>,
    reloads: JoinHandle<Option<App>>,
}

/// The resources that this process uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resources {
    /// The number of open file descriptors.
    pub(crate) files: usize,
    /// The number of child processes.
    pub(crate) children: usize,
}

impl Resources {
    pub(crate) fn now() -> Self {
        // The count always includes the descriptor of the folder that is being read.
        let files = fs::read_dir("/proc/self/fd").expect("files").count();
        Self { files, children: child_processes() }
    }

    /// Describes the open file descriptors, for failure messages.
    pub(crate) fn open_files() -> Vec<String> {
        let entries = fs::read_dir("/proc/self/fd").expect("files").flatten();
        let name = |path: PathBuf| path.display().to_string();
        let files = entries.filter_map(|entry| fs::read_link(entry.path()).ok()).map(name);
        let mut files: Vec<_> = files.map(|file| describe_socket(&file).unwrap_or(file)).collect();
        files.sort();
        files
    }

    /// Waits until the process uses no more resources than `self`, or the timeout expires. Returns the current
    /// resources.
    pub(crate) async fn wait_for_release(self) -> Self {
        let deadline = Instant::now() + RELEASE_TIMEOUT;
        loop {
            let now = Self::now();
            if (now.files <= self.files && now.children <= self.children) || Instant::now() > deadline {
                return now;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

/// Describes a socket, if `file` is one.
fn describe_socket(file: &str) -> Option<String> {
    let inode = file.strip_prefix("socket:[")?.strip_suffix(']')?;
    ["tcp", "unix"].iter().find_map(|kind| {
        let sockets = fs::read_to_string(format!("/proc/net/{kind}")).ok()?;
        let line = sockets.lines().find(|line| line.split_whitespace().any(|field| field == inode))?;
        Some(format!("{kind} {}", line.trim()))
    })
}

/// Returns the number of running child processes of this process.
fn child_processes() -> usize {
    let parent_line = format!("PPid:\t{}", std::process::id());
    let processes = fs::read_dir("/proc").expect("processes").flatten();
    let statuses = processes.filter_map(|entry| fs::read_to_string(entry.path().join("status")).ok());
    statuses.filter(|status| status.lines().any(|line| line == parent_line)).count()
}

/// Returns the resident memory of this process in megabytes.
pub(crate) fn resident_memory_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
}

impl DevApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(None, |manifest| manifest).await
    }

    /// Starts the app with an edited `Cargo.toml`, and with another state folder than its own if that is given.
    pub(crate) async fn start_with(state: Option<PathBuf>, edit: impl FnOnce(String) -> String) -> Self {
        let dir = copy_of_app();
        let manifest = fs::read_to_string(app_dir().join("Cargo.toml")).expect("the manifest");
        fs::write(dir.path().join("Cargo.toml"), edit(manifest)).expect("the manifest");
        fs::create_dir(dir.path().join("target")).expect("a folder");
        fs::create_dir(dir.path().join("target/ran")).expect("a folder");
        let mut app = App::open(&dir.path().canonicalize().expect("a folder")).expect("the app");
        app.workers.iter_mut().for_each(|worker| worker.settings.timeout = TIMEOUT_SECONDS);
        let clock = Clock::manual(SystemTime::now());
        let install_folder = app.root.join("target/bedrock");
        let program = binary("rust_case");
        let order = DevServerConfig {
            app: app.clone(),
            state_folder: state.unwrap_or_else(|| install_folder.clone()),
            install_folder,
            port: 0,
            clock: clock.clone(),
            executables: HashMap::from([("rust_case".to_owned(), program.clone())]),
            log_sink: Arc::new(|_| {}),
            call_graph: None,
            strict: false,
            relaxed: false,
        };
        let server = DevServer::start(order).await.expect("the dev server starts");
        let (report, reports) = unbounded_channel();
        let reloader = server.reloader(&app, &[]).expect("a reloader");
        let next_version = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let target = app.root.join("target");
        let build = move |_, _| {
            let version = next_version.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let path = copy_program(&program, &target, version);
            async move { Ok(HashMap::from([("rust_case".to_owned(), path)])) }
        };
        let reloads = tokio::spawn(reloader.run(build, move |reload| drop(report.send(reload))));
        Self { dir, clock, server, reports, reloads }
    }

    /// Returns the folder where events append lines to files.
    pub(crate) fn runs_dir(&self) -> PathBuf {
        self.dir.path().join("target/ran")
    }

    /// Returns the folder of the app.
    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    /// Reloads all workers, so that each has one new process and the earlier processes exit.
    pub(crate) async fn reload_all(&mut self) {
        while self.reports.try_recv().is_ok() {}
        let root = self.root();
        WORKERS.iter().for_each(|worker| save_worker(&root, worker));
        let mut pending: Vec<&str> = WORKERS.to_vec();
        while !pending.is_empty() {
            match self.reports.recv().await.expect("the reloader runs") {
                ReloadOutcome::Reloaded(reloaded) => pending.retain(|worker| !reloaded.workers.contains(*worker)),
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) fn stop(self) -> TempDir {
        self.reloads.abort();
        self.server.close();
        self.dir
    }
}

/// Saves a source file of a worker without changes.
pub(crate) fn save_worker(root: &Path, worker: &str) {
    let file = match worker {
        "rust_case" => "src/lib.rs",
        "python_case" => "main.py",
        _ => "main.js",
    };
    let path = root.join("workers").join(worker).join(file);
    let temp_file = path.with_extension("swp");
    fs::copy(&path, &temp_file).expect("a copy");
    fs::rename(temp_file, path).expect("a file");
}

/// Copies the program with different bytes: data after the end of an ELF file is ignored.
fn copy_program(program: &Path, folder: &Path, version: u64) -> PathBuf {
    let path = folder.join("rust_case");
    let mut bytes = fs::read(program).expect("the program");
    bytes.extend_from_slice(&version.to_le_bytes());
    fs::write(&path, bytes).expect("a program");
    path
}
