//! What is called in which order: random, and the same again for the same seed.

use std::path::Path;

use serde_json::{Value, json};

/// All three languages.
pub(crate) const WORKERS: [&str; 3] = ["rust_case", "python_case", "node_case"];

/// Seconds that a worker may take.
pub(crate) const TIMEOUT: u64 = 4;

/// What a call has its worker do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Deed {
    Answer,
    Wait,
    Fail,
    Exit,
    TakeTooLong,
    CallAnother,
}

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) number: usize,
    pub(crate) worker: &'static str,
    pub(crate) deed: Deed,
    /// Nobody waits for its answer.
    pub(crate) is_event: bool,
    /// Which worker's files are saved before it.
    pub(crate) saved: Option<&'static str>,
}

/// So many calls.
pub(crate) fn plans(seed: u64, calls: usize) -> Vec<Plan> {
    let mut random = Random(seed);
    let one = |number| {
        let worker = WORKERS[random.below(3)];
        let deed = match random.below(1000) {
            0..10 => Deed::TakeTooLong,
            10..30 => Deed::Exit,
            30..90 => Deed::Fail,
            90..150 => Deed::Wait,
            150..200 => Deed::CallAnother,
            _ => Deed::Answer,
        };
        let is_event = random.below(4) == 0;
        let saved = (number % 250 == 249).then(|| WORKERS[random.below(3)]);
        Plan { number, worker, deed, is_event, saved }
    };
    (0..calls).map(one).collect()
}

impl Plan {
    /// What the worker gets. An event leaves a line in a file of its own for each time that it is run, as far as it comes.
    pub(crate) fn event(&self, folder: &Path) -> Value {
        let (value, path) = (json!({ "number": self.number }), self.file(folder));
        match self.deed {
            Deed::Answer if self.is_event => json!({ "do": "append", "path": path }),
            Deed::Wait if self.is_event => json!({ "do": "append", "path": path, "ms": self.number % 20 }),
            Deed::Fail if self.is_event => json!({ "do": "append", "path": path, "fail": true }),
            Deed::Answer => json!({ "do": "echo", "value": value }),
            Deed::Wait => json!({ "do": "sleep", "ms": self.number % 20 }),
            Deed::Fail => json!({ "do": "raise" }),
            Deed::Exit => json!({ "do": "exit" }),
            Deed::TakeTooLong => json!({ "do": "sleep", "ms": 600_000 }),
            Deed::CallAnother => {
                let inner = json!({ "do": "echo", "value": value });
                json!({ "do": "call", "worker": WORKERS[self.number % 3], "event": inner })
            }
        }
    }

    /// The lines of an event.
    pub(crate) fn file(&self, folder: &Path) -> std::path::PathBuf {
        folder.join(self.number.to_string())
    }

    /// The `errorType` that a caller gets, if the call is one that fails.
    pub(crate) fn error_type(&self) -> Option<&'static str> {
        match (self.deed, self.worker) {
            (Deed::Answer | Deed::Wait | Deed::CallAnother, _) => None,
            (Deed::Fail, "rust_case") => Some("BadCase"),
            (Deed::Fail, "python_case") => Some("ValueError"),
            (Deed::Fail, _) => Some("RangeError"),
            (Deed::Exit, _) => Some("Runtime.ExitError"),
            (Deed::TakeTooLong, _) => Some("Sandbox.Timedout"),
        }
    }

    /// The response of one that does not.
    pub(crate) fn response(&self) -> Value {
        match self.deed {
            Deed::Wait => json!("slept"),
            _ => json!({ "number": self.number }),
        }
    }
}

/// SplitMix64, which is good enough to mix calls.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).expect("below a usize")
    }
}
