//! The conformance app in a folder of its own, at work and reloaded, and what this process has open and has started.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bedrock_build::App;
use bedrock_dev::{Clock, Order, Reload, Workshop};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use crate::built::binary;
use crate::driver::{app_dir, copy_of_app};
use crate::plan::{TIMEOUT, WORKERS};

/// How often to look whether what has ended is gone.
const LOOK: Duration = Duration::from_millis(20);
/// How long what has ended may take to be gone.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Room {
    dir: TempDir,
    pub(crate) clock: Clock,
    pub(crate) workshop: Workshop,
    reports: UnboundedReceiver<Reload>,
    reloads: JoinHandle<Option<App>>,
}

/// What this process has open and has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) files: usize,
    pub(crate) children: usize,
}

impl Held {
    pub(crate) fn now() -> Self {
        // The folder that is read is one of them each time.
        let files = fs::read_dir("/proc/self/fd").expect("files").count();
        Self { files, children: children() }
    }

    /// What the files are, for whoever reads of a failure.
    pub(crate) fn files() -> Vec<String> {
        let all = fs::read_dir("/proc/self/fd").expect("files").flatten();
        let name = |path: PathBuf| path.display().to_string();
        let all = all.filter_map(|entry| fs::read_link(entry.path()).ok()).map(name);
        let mut all: Vec<_> = all.map(|file| connection(&file).unwrap_or(file)).collect();
        all.sort();
        all
    }

    /// Waits until no more is held than this; gives what still is after a while.
    pub(crate) async fn again(self) -> Self {
        let until = Instant::now() + PATIENCE;
        loop {
            let now = Self::now();
            if (now.files <= self.files && now.children <= self.children) || Instant::now() > until {
                return now;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// What the system knows of a socket.
fn connection(file: &str) -> Option<String> {
    let inode = file.strip_prefix("socket:[")?.strip_suffix(']')?;
    ["tcp", "unix"].iter().find_map(|kind| {
        let all = fs::read_to_string(format!("/proc/net/{kind}")).ok()?;
        let line = all.lines().find(|line| line.split_whitespace().any(|field| field == inode))?;
        Some(format!("{kind} {}", line.trim()))
    })
}

/// Processes that this one has started and that have not ended.
fn children() -> usize {
    let own = format!("PPid:\t{}", std::process::id());
    let all = fs::read_dir("/proc").expect("processes").flatten();
    let statuses = all.filter_map(|entry| fs::read_to_string(entry.path().join("status")).ok());
    statuses.filter(|status| status.lines().any(|line| line == own)).count()
}

/// Megabytes of this process.
pub(crate) fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
}

impl Room {
    pub(crate) async fn open() -> Self {
        let dir = copy_of_app();
        fs::copy(app_dir().join("Cargo.toml"), dir.path().join("Cargo.toml")).expect("the manifest");
        fs::create_dir(dir.path().join("target")).expect("a folder");
        fs::create_dir(dir.path().join("target/ran")).expect("a folder");
        let mut app = App::open(&dir.path().canonicalize().expect("a folder")).expect("the app");
        app.workers.iter_mut().for_each(|worker| worker.settings.timeout = TIMEOUT);
        let clock = Clock::by_hand(SystemTime::now());
        let (state, program) = (app.root.join("target/bedrock"), binary("rust_case"));
        let order = Order {
            app: app.clone(),
            scratch: state.clone(),
            state,
            port: 0,
            clock: clock.clone(),
            programs: HashMap::from([("rust_case".to_owned(), program.clone())]),
            sink: Arc::new(|_| {}),
            edges: None,
            strict: false,
        };
        let workshop = Workshop::open(order).await.expect("it opens");
        let (report, reports) = unbounded_channel();
        let reloader = workshop.reloader(&app, &[]).expect("a reloader");
        let (next, versions) = (Arc::new(std::sync::atomic::AtomicU64::new(0)), app.root.join("target"));
        let build = move |_, _| {
            let version = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let path = another(&program, &versions, version);
            async move { Ok(HashMap::from([("rust_case".to_owned(), path)])) }
        };
        let reloads = tokio::spawn(reloader.run(build, move |reload| drop(report.send(reload))));
        Self { dir, clock, workshop, reports, reloads }
    }

    /// Where events leave their lines.
    pub(crate) fn ran(&self) -> PathBuf {
        self.dir.path().join("target/ran")
    }

    /// Where the app is.
    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    /// New processes for all workers, one each: the others end.
    pub(crate) async fn begin_anew(&mut self) {
        while self.reports.try_recv().is_ok() {}
        let root = self.root();
        WORKERS.iter().for_each(|worker| save(&root, worker));
        let mut open: Vec<&str> = WORKERS.to_vec();
        while !open.is_empty() {
            match self.reports.recv().await.expect("the reloader runs") {
                Reload::Reloaded(reloaded) => open.retain(|worker| !reloaded.workers.contains(*worker)),
                other => panic!("{other:?}"),
            }
        }
    }

    pub(crate) fn close(self) -> TempDir {
        self.reloads.abort();
        self.workshop.close();
        self.dir
    }
}

/// Saves a file of a worker's code, as it is.
pub(crate) fn save(root: &Path, worker: &str) {
    let file = match worker {
        "rust_case" => "src/lib.rs",
        "python_case" => "main.py",
        _ => "main.js",
    };
    let path = root.join("workers").join(worker).join(file);
    let aside = path.with_extension("swp");
    fs::copy(&path, &aside).expect("a copy");
    fs::rename(aside, path).expect("a file");
}

/// The same program with other bytes: what follows behind it is nobody's.
fn another(program: &Path, folder: &Path, version: u64) -> PathBuf {
    let path = folder.join("rust_case");
    let mut bytes = fs::read(program).expect("the program");
    bytes.extend_from_slice(&version.to_le_bytes());
    fs::write(&path, bytes).expect("a program");
    path
}
