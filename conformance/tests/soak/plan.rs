//! The calls of the soak test: random, and reproducible with the same seed.

use std::path::Path;

use serde_json::{Value, json};

/// The workers, one for each language.
pub(crate) const WORKERS: [&str; 3] = ["rust_case", "python_case", "node_case"];

/// The timeout of workers.
pub(crate) const TIMEOUT_SECONDS: u64 = 4;

/// What a worker does in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Action {
    Respond,
    Wait,
    Fail,
    Exit,
    TimeOut,
    CallWorker,
}

/// A planned call.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) number: usize,
    pub(crate) worker: &'static str,
    pub(crate) action: Action,
    /// Whether the call is asynchronous.
    pub(crate) is_event: bool,
    /// The worker whose file is saved before the call.
    pub(crate) saved_worker: Option<&'static str>,
}

/// Returns random plans of `calls` calls.
pub(crate) fn plans(seed: u64, calls: usize) -> Vec<Plan> {
    let mut random = SplitMix64(seed);
    let plan = |number| {
        let worker = WORKERS[random.below(3)];
        let action = match random.below(1000) {
            0..10 => Action::TimeOut,
            10..30 => Action::Exit,
            30..90 => Action::Fail,
            90..150 => Action::Wait,
            150..200 => Action::CallWorker,
            _ => Action::Respond,
        };
        let is_event = random.below(4) == 0;
        let saved_worker = (number % 250 == 249).then(|| WORKERS[random.below(3)]);
        Plan { number, worker, action, is_event, saved_worker }
    };
    (0..calls).map(plan).collect()
}

impl Plan {
    /// Returns the event. An asynchronous event appends a line to its own file in `folder` each time it is run.
    pub(crate) fn event(&self, folder: &Path) -> Value {
        let value = json!({ "number": self.number });
        let path = self.file(folder);
        match self.action {
            Action::Respond if self.is_event => json!({ "do": "append", "path": path }),
            Action::Wait if self.is_event => json!({ "do": "append", "path": path, "ms": self.number % 20 }),
            Action::Fail if self.is_event => json!({ "do": "append", "path": path, "fail": true }),
            Action::Respond => json!({ "do": "echo", "value": value }),
            Action::Wait => json!({ "do": "sleep", "ms": self.number % 20 }),
            Action::Fail => json!({ "do": "raise" }),
            Action::Exit => json!({ "do": "exit" }),
            Action::TimeOut => json!({ "do": "sleep", "ms": 600_000 }),
            Action::CallWorker => {
                let inner = json!({ "do": "echo", "value": value });
                json!({ "do": "call", "worker": WORKERS[self.number % 3], "event": inner })
            }
        }
    }

    /// Returns the file to which an asynchronous event appends lines.
    pub(crate) fn file(&self, folder: &Path) -> std::path::PathBuf {
        folder.join(self.number.to_string())
    }

    /// Returns the `errorType` that the caller receives, or `None` if the call succeeds.
    pub(crate) fn error_type(&self) -> Option<&'static str> {
        match (self.action, self.worker) {
            (Action::Respond | Action::Wait | Action::CallWorker, _) => None,
            (Action::Fail, "rust_case") => Some("BadCase"),
            (Action::Fail, "python_case") => Some("ValueError"),
            (Action::Fail, _) => Some("RangeError"),
            (Action::Exit, _) => Some("Runtime.ExitError"),
            (Action::TimeOut, _) => Some("Sandbox.Timedout"),
        }
    }

    /// Returns the response of a call that succeeds.
    pub(crate) fn response(&self) -> Value {
        match self.action {
            Action::Wait => json!("slept"),
            _ => json!({ "number": self.number }),
        }
    }
}

/// The random number generator SplitMix64.
struct SplitMix64(u64);

impl SplitMix64 {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).expect("below a usize")
    }
}
