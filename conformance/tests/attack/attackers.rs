//! What goes on at the same time as the traffic: slow clients, a full disk, a held lock, a clock that jumps, pipes.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bedrock_dev::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::dev_app::DevApp;

/// How long each attack lasts, and how long the pause is after it.
const STEP: Duration = Duration::from_secs(2);
/// Connections that send half a head, and those that read nothing.
const SLOW_CLIENTS: usize = 40;
/// Locks the file of the queue as a browser of databases with an unsaved edit does.
const HOLD_LOCK: &str = "import sqlite3, sys, time\n\
                         file = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=5)\n\
                         file.execute('BEGIN IMMEDIATE')\n\
                         time.sleep(float(sys.argv[2]))\n\
                         file.execute('ROLLBACK')\n";

/// The attackers, which go on until they are stopped.
pub(crate) struct Attackers {
    is_over: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<()>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    attacks: Arc<Attacks>,
}

/// How often each attack was done.
#[derive(Debug, Default)]
pub(crate) struct Attacks {
    full_disk: AtomicUsize,
    held_lock: AtomicUsize,
    clock_jumps: AtomicUsize,
    slow_clients: AtomicUsize,
    pipe_reads: AtomicUsize,
}

impl Attackers {
    /// Starts to attack `app`, whose queue is in `state`. The disk is filled only if it is a small one.
    pub(crate) fn start(app: &DevApp, state: &Path, has_small_disk: bool) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let attacks = Arc::new(Attacks::default());
        let mut attackers = Self {
            is_over: Arc::clone(&is_over),
            threads: Vec::new(),
            tasks: Vec::new(),
            attacks: Arc::clone(&attacks),
        };
        make_pipes(app);
        let clock = app.clock.clone();
        attackers.repeat(move |attacks| jump(&clock, attacks));
        let database = state.join("queue.sqlite");
        attackers.repeat(move |attacks| hold_lock(&database, attacks));
        if has_small_disk {
            let filler = state.join("filler");
            attackers.repeat(move |attacks| fill_disk(&filler, attacks));
        }
        let address = app.server.url.trim_start_matches("http://").to_owned();
        attackers.tasks.push(tokio::spawn(slow_clients(address.clone(), Arc::clone(&is_over), Arc::clone(&attacks))));
        attackers.tasks.push(tokio::spawn(read_pipe(address, is_over, attacks)));
        attackers
    }

    fn repeat(&mut self, attack: impl Fn(&Attacks) + Send + 'static) {
        let is_over = Arc::clone(&self.is_over);
        let attacks = Arc::clone(&self.attacks);
        self.threads.push(thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                attack(&attacks);
                thread::sleep(STEP);
            }
        }));
    }

    /// Waits until all attacks have ended.
    pub(crate) async fn stop(self) -> Arc<Attacks> {
        self.is_over.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.expect("an attacker");
        }
        for thread in self.threads {
            thread.join().expect("an attacker");
        }
        self.attacks
    }
}

impl fmt::Display for Attacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        write!(
            f,
            "full disk {} times, held lock {}, clock jumps {}, slow clients {}, reads of a pipe {}",
            count(&self.full_disk),
            count(&self.held_lock),
            count(&self.clock_jumps),
            count(&self.slow_clients),
            count(&self.pipe_reads)
        )
    }
}

/// Puts pipes where the program looks for files: into the bucket and into the folders of workers.
fn make_pipes(app: &DevApp) {
    let bucket = app.root().join("target/bedrock/buckets/uploads");
    fs::create_dir_all(&bucket).expect("a folder");
    for path in [bucket.join("pipe"), app.root().join("workers/node_case/pipe.js")] {
        let status = Command::new("mkfifo").arg(&path).status().expect("mkfifo starts");
        assert!(status.success(), "{}", path.display());
    }
}

fn jump(clock: &Clock, attacks: &Attacks) {
    clock.advance(Duration::from_secs(3_600));
    thread::sleep(STEP / 4);
    clock.set_back(Duration::from_secs(3_000));
    attacks.clock_jumps.fetch_add(2, Ordering::Relaxed);
}

fn hold_lock(database: &Path, attacks: &Attacks) {
    let mut python = Command::new("python3");
    python.args(["-c", HOLD_LOCK]).arg(database).arg(STEP.as_secs_f64().to_string());
    // A full disk keeps it from being locked.
    let status = python.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("python3 starts");
    attacks.held_lock.fetch_add(usize::from(status.success()), Ordering::Relaxed);
}

fn fill_disk(filler: &PathBuf, attacks: &Attacks) {
    use std::io::Write;
    let mut file = fs::File::create(filler).expect("a file");
    let part = vec![0; 65_536];
    while file.write_all(&part).is_ok() {}
    thread::sleep(STEP);
    drop(file);
    fs::remove_file(filler).expect("removed");
    attacks.full_disk.fetch_add(1, Ordering::Relaxed);
}

/// Opens connections that send half a request, ask for 5 MB and read nothing, or follow the event log and read nothing.
async fn slow_clients(address: String, is_over: Arc<AtomicBool>, attacks: Arc<Attacks>) {
    let large = r#"{"do":"make","length":5000000}"#;
    let call = format!(
        "POST /2015-03-31/functions/node_case/invocations HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bedrock outside\r\n\
         Content-Length: {}\r\n\r\n{large}",
        large.len()
    );
    let follow = "GET /_bedrock/v1/dev-events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
    let half = "POST /2015-03-31/functions/node_case/invocations HTTP/1.1\r\nHost: local";
    while !is_over.load(Ordering::Relaxed) {
        let mut clients = Vec::new();
        for number in 0..SLOW_CLIENTS {
            let Ok(mut client) = TcpStream::connect(&address).await else { continue };
            let text = [half, follow, follow, &call][number % 4];
            if client.write_all(text.as_bytes()).await.is_ok() {
                clients.push(client);
            }
        }
        tokio::time::sleep(STEP * 2).await;
        attacks.slow_clients.fetch_add(clients.len(), Ordering::Relaxed);
    }
}

/// Asks for the pipe in the bucket. The answer must come, and must be an error.
async fn read_pipe(address: String, is_over: Arc<AtomicBool>, attacks: Arc<Attacks>) {
    let request = "GET /_s3/conformance-local-uploads/pipe HTTP/1.1\r\nHost: localhost\r\n\
                   Authorization: AWS4-HMAC-SHA256 Credential=any/1/us-east-1/s3/aws4_request\r\nConnection: close\r\n\r\n";
    while !is_over.load(Ordering::Relaxed) {
        let mut client = TcpStream::connect(&address).await.expect("it listens");
        client.write_all(request.as_bytes()).await.expect("a request");
        let mut response = String::new();
        client.read_to_string(&mut response).await.expect("a response");
        assert!(response.starts_with("HTTP/1.1 404 "), "{response}");
        attacks.pipe_reads.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(STEP / 4).await;
    }
}
