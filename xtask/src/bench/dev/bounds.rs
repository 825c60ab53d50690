//! What `cargo bedrock dev` needs at most: memory and delays while functions fail, print and hang, with large events and
//! large objects.

use std::fs::{self, File};
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::app::{App, Dev};
use super::calls::Language;
use super::client::{Client, Innocent};
use super::idle::own;
use super::server::write;

/// Callers of each function.
const CALLERS: u32 = 64;
/// Callers of the function that prints.
const PRINTING_CALLERS: u32 = 9;
const EVENTS: u32 = 400;
const EVENT_BYTES: u32 = 1_000_000;
const OBJECT_BYTES: u64 = 1_500_000_000;
const LISTED_OBJECTS: usize = 1_000;
/// Calls whose p99 is compared.
const CALLS: u32 = 3_000;
const SAMPLE_INTERVAL: Duration = Duration::from_millis(200);
/// How often the dashboard asks for the queue while it changes.
const QUEUE_INTERVAL: Duration = Duration::from_millis(300);
const BUCKET: &str = "large";
/// The worker whose trigger is the bucket, and which events wait for.
const HANGING: &str = "other_python_1";
/// The worker that prints.
const PRINTING: &str = "other_python_2";

const RUST: &str = r#"//! Answers what it is sent, or fails as it is told.

use bedrock::{Context, Result, Worker};
use serde_json::{Value, json};

#[bedrock::worker]
pub struct EchoRust;

impl Worker for EchoRust {
    type Event = Value;
    type Response = Value;

    async fn execute(&self, event: Value, _context: &Context) -> Result<Value> {
        match event["fault"].as_str() {
            Some("raise") => Err("as it was told".into()),
            Some("exit") => std::process::exit(7),
            Some("sleep") => {
                std::thread::sleep(std::time::Duration::from_millis(200));
                Ok(event)
            }
            Some("print") => {
                for _ in 0..100 {
                    println!("{}", "x".repeat(100));
                }
                Ok(event)
            }
            Some("large") => Ok("x".repeat(7_000_000).into()),
            _ => Ok(json!({ "event": event })),
        }
    }
}
"#;
const PYTHON: &str = r#"import os
import time

from bedrock.workers.worker import Worker


class CLASS(Worker):
    def execute(self, event, context):
        fault = event.get("fault")
        if fault == "raise":
            raise ValueError("as it was told")
        if fault == "exit":
            os._exit(7)
        if fault == "sleep":
            time.sleep(0.2)
        if fault == "print":
            for _ in range(100):
                print("x" * 100)
        if fault == "large":
            return "x" * 7_000_000
        if fault == "hang":
            time.sleep(100_000)
        return {"event": event}
"#;
const PRINTING_PYTHON: &str = r#"from bedrock.workers.worker import Worker


class CLASS(Worker):
    def execute(self, event, context):
        for _ in range(20):
            print("x" * 60_000)
        return {"event": event}
"#;
const NODE: &str = r"const { Worker } = require('./worker');

class EchoNode extends Worker {
  async execute(event, context) {
    switch (event.fault) {
      case 'raise': throw new Error('as it was told');
      case 'exit': return process.exit(7);
      case 'sleep': return new Promise((resolve) => setTimeout(resolve, 200, event));
      case 'print': for (let line = 0; line < 100; line += 1) console.log('x'.repeat(100)); return event;
      case 'large': return 'x'.repeat(7_000_000);
      default: return { event };
    }
  }
}
";

/// All figures.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bounds {
    pub(super) faults: Faults,
    /// The innocent calls of a Python worker whose invocations have processes of their own.
    pub(super) isolated: Innocent,
    /// p99 of calls while nothing waits, in µs.
    pub(super) quiet_p99_us: f64,
    /// p99 of the same calls while [`EVENTS`] wait and the dashboard is open, in µs.
    pub(super) waiting_p99_us: f64,
    pub(super) objects: Objects,
    /// Peak memory in MB while a function prints.
    pub(super) printing_mb: f64,
}

/// Calls of three functions, of which a few ask for a failure.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Faults {
    pub(super) seconds: u64,
    /// In the order of [`Language::ALL`].
    pub(super) innocent: Vec<Innocent>,
    /// Highest memory in MB in the first and in the second half.
    pub(super) first_half_mb: f64,
    pub(super) second_half_mb: f64,
}

/// An object of [`OBJECT_BYTES`], and a list of [`LISTED_OBJECTS`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Objects {
    /// Memory in MB that a download takes.
    pub(super) download_mb: f64,
    pub(super) ten_bytes_ms: f64,
    pub(super) list_ms: f64,
}

/// Measures everything. `seconds` is the time with failing functions.
pub(super) fn measure(app: &App<'_>, client: &Client<'_>, seconds: u64) -> Result<Bounds> {
    prepare(app)?;
    let faults = faults(app, client, seconds)?;
    let isolated = isolated(app, client, seconds / 4)?;
    let (quiet_p99_us, waiting_p99_us) = waiting_events(app, client)?;
    let objects = objects(app, client)?;
    let printing_mb = printing(app, client)?;
    Ok(Bounds { faults, isolated, quiet_p99_us, waiting_p99_us, objects, printing_mb })
}

fn prepare(app: &App<'_>) -> Result<()> {
    write(&app.file(Language::Rust), RUST)?;
    write(&app.file(Language::Python), &PYTHON.replace("CLASS", "EchoPython"))?;
    write(&app.file(Language::Node), NODE)?;
    let python = |worker: &str| app.root.join("workers").join(worker).join("main.py");
    write(&python(HANGING), &PYTHON.replace("CLASS", "OtherPython1"))?;
    write(&python(PRINTING), &PRINTING_PYTHON.replace("CLASS", "OtherPython2"))?;
    let table = format!("[[package.metadata.bedrock.workers.{HANGING}.triggers]]\nbucket = \"{BUCKET}\"\n");
    add_settings(app, &table)?;
    let folder = app.root.join("target/bedrock/buckets").join(BUCKET);
    for number in 0..LISTED_OBJECTS {
        write(&folder.join(format!("list/{number}.txt")), "small")?;
    }
    let object = folder.join("object.bin");
    let file = File::create(&object).with_context(|| format!("failed to create {}", object.display()))?;
    file.set_len(OBJECT_BYTES).with_context(|| format!("failed to write {}", object.display()))
}

fn add_settings(app: &App<'_>, text: &str) -> Result<()> {
    let manifest = app.root.join("Cargo.toml");
    let before = fs::read_to_string(&manifest).with_context(|| format!("failed to read {}", manifest.display()))?;
    write(&manifest, &format!("{before}\n{text}"))
}

fn faults(app: &App<'_>, client: &Client<'_>, seconds: u64) -> Result<Faults> {
    eprintln!("{CALLERS} callers of each language for {seconds} s, with failing calls");
    let dev = app.dev(&["--release"])?;
    let urls = Language::ALL.map(|language| dev.function(language.worker()));
    for url in &urls {
        client.load(url, 2_000, 8)?;
    }
    let (innocent, samples) = with_memory(&dev, || client.faults(seconds, CALLERS, &urls))?;
    let (first, second) = samples.split_at(samples.len() / 2);
    Ok(Faults { seconds, innocent, first_half_mb: highest(first), second_half_mb: highest(second) })
}

fn isolated(app: &App<'_>, client: &Client<'_>, seconds: u64) -> Result<Innocent> {
    eprintln!("the same with Python workers that have processes of their own, for {seconds} s");
    let manifest = app.root.join("Cargo.toml");
    let before = fs::read_to_string(&manifest).with_context(|| format!("failed to read {}", manifest.display()))?;
    add_settings(app, "[package.metadata.bedrock.workers.echo_python]\nisolation = \"process\"\n")?;
    let innocent = {
        let dev = app.dev(&["--release"])?;
        client.faults(seconds, CALLERS, &[dev.function(Language::Python.worker())])
    };
    write(&manifest, &before)?;
    innocent?.into_iter().next().context("bench_dev has no figures")
}

fn waiting_events(app: &App<'_>, client: &Client<'_>) -> Result<(f64, f64)> {
    eprintln!("{EVENTS} waiting events of {EVENT_BYTES} bytes");
    let dev = app.dev(&["--release"])?;
    let url = dev.function(Language::Rust.worker());
    client.load(&url, CALLS, 1)?;
    let quiet = client.load(&url, CALLS, 1)?;
    let accepted = client.events(&dev.function(HANGING), EVENTS, EVENT_BYTES)?;
    ensure!(accepted == EVENTS, "{accepted} of {EVENTS} events were accepted");
    let is_over = AtomicBool::new(false);
    let waiting = thread::scope(|scope| {
        let dashboard = scope.spawn(|| watch_queue(&dev, &is_over));
        let waiting = client.load(&url, CALLS, 1);
        is_over.store(true, Ordering::Relaxed);
        match dashboard.join() {
            Ok(watched) => watched.and(waiting),
            Err(_) => waiting,
        }
    })?;
    // The next server would run these events again.
    drop(dev);
    remove(&app.root.join("target/bedrock/queue.sqlite"))?;
    Ok((quiet.p99_us, waiting.p99_us))
}

/// Asks for the queue as the dashboard does, over and over.
fn watch_queue(dev: &Dev, is_over: &AtomicBool) -> Result<()> {
    while !is_over.load(Ordering::Relaxed) {
        let address = dev.address();
        let mut stream = TcpStream::connect(address).context("failed to connect to the dev server")?;
        write!(stream, "GET /_bedrock/v1/queue HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")
            .and_then(|()| std::io::copy(&mut stream, &mut std::io::sink()))
            .context("failed to get the queue")?;
        thread::sleep(QUEUE_INTERVAL);
    }
    Ok(())
}

fn remove(database: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = database.as_os_str().to_owned();
        file.push(suffix);
        let file = PathBuf::from(file);
        if file.exists() {
            fs::remove_file(&file).with_context(|| format!("failed to remove {}", file.display()))?;
        }
    }
    Ok(())
}

fn objects(app: &App<'_>, client: &Client<'_>) -> Result<Objects> {
    eprintln!("an object of {OBJECT_BYTES} bytes");
    let dev = app.dev(&["--release"])?;
    let bucket = dev.bucket(BUCKET);
    let object = format!("{bucket}/object.bin");
    // Its digest is known afterwards.
    client.download(&object, 1, "0-9")?;
    let before = own(dev.server.id())?.memory_mb;
    let (_, samples) = with_memory(&dev, || client.download(&object, 1, ""))?;
    let ten_bytes = client.download(&object, 50, "0-9")?;
    let list = format!("{bucket}?list-type=2&prefix=list/");
    client.download(&list, 1, "")?;
    let list = client.download(&list, 20, "")?;
    Ok(Objects { download_mb: highest(&samples) - before, ten_bytes_ms: ten_bytes / 1e3, list_ms: list / 1e3 })
}

fn printing(app: &App<'_>, client: &Client<'_>) -> Result<f64> {
    eprintln!("{PRINTING_CALLERS} callers of a function that prints long lines");
    let dev = app.dev(&["--release"])?;
    let url = dev.function(PRINTING);
    let (_, samples) = with_memory(&dev, || client.load(&url, 20 * PRINTING_CALLERS, PRINTING_CALLERS))?;
    Ok(highest(&samples))
}

/// Does something while the memory of the server is read over and over. Returns the samples in MB, too.
fn with_memory<T: Send>(dev: &Dev, action: impl FnOnce() -> Result<T> + Send) -> Result<(T, Vec<f64>)> {
    let process = dev.server.id();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut samples = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                samples.push(own(process)?.memory_mb);
                thread::sleep(SAMPLE_INTERVAL);
            }
            samples.push(own(process)?.memory_mb);
            Ok(samples)
        });
        let done = action();
        is_over.store(true, Ordering::Relaxed);
        let samples: Result<Vec<f64>> = reader.join().unwrap_or_else(|_| Ok(Vec::new()));
        Ok((done?, samples?))
    })
}

fn highest(samples: &[f64]) -> f64 {
    samples.iter().copied().fold(0.0, f64::max)
}
