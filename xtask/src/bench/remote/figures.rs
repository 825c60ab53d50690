//! The measured figures and their limits.

use super::calls::{AtOnce, First, Later};
use crate::bench::limit::{Limit, times};
use crate::bench::samples::median;

/// All figures. Those of calls were measured on all cores and on one core.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    pub(super) quiet: Column,
    pub(super) one_core: Column,
    /// A thousand calls, once for each pass.
    pub(super) at_once: Vec<AtOnce>,
    /// The minimal program first.
    pub(super) programs: Vec<Program>,
}

/// Runs under the same conditions.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    pub(super) first: Vec<First>,
    pub(super) later: Vec<Later>,
}

/// One program, stripped.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) what: &'static str,
    pub(super) bytes: u64,
    /// The time from exec to the first `GET /next`.
    pub(super) start_ms: f64,
    /// Limit of its size in MB; `None` for the minimal program, which all others are compared with.
    pub(super) most_mb: Option<f64>,
}

/// Limit of the time from `main` to the answer of the first call.
const FIRST_MS: f64 = 5.0;
/// Limit of later calls, as a multiple of the time with only hyper.
const OF_RAW: f64 = 1.2;
/// Limit of the start, as a multiple of that of the minimal program.
const OF_BARE: f64 = 1.3;
/// The memory of the smallest Lambda function.
const PEAK_MB: f64 = 128.0;

impl Column {
    pub(super) fn first_ms(&self) -> Option<f64> {
        median(self.first.iter().map(|first| first.first_ms).collect())
    }

    pub(super) fn later_us(&self) -> Option<f64> {
        median(self.later.iter().map(|later| later.p50_us).collect())
    }

    pub(super) fn raw_us(&self) -> Option<f64> {
        median(self.later.iter().map(|later| later.raw_p50_us).collect())
    }

    /// The ratio is taken within a run: a disturbance affects both figures.
    pub(super) fn of_raw(&self) -> Option<f64> {
        median(self.later.iter().map(|later| later.p50_us / later.raw_p50_us).collect())
    }
}

impl Figures {
    /// Returns the maximum memory of all runs with a thousand calls, in MB.
    pub(super) fn peak_mb(&self) -> Option<f64> {
        let peak = self.at_once.iter().map(|run| run.peak_kib).max()?;
        #[allow(clippy::cast_precision_loss, reason = "a process has less than 2^52 KiB")]
        Some(peak as f64 * 1024.0 / 1e6)
    }

    /// Returns all limits, in the order of the table.
    pub(super) fn limits(&self) -> Vec<Limit> {
        let mut limits = Vec::new();
        for (column, name) in [(&self.quiet, "quiet"), (&self.one_core, "1-core")] {
            let ms = |ms: f64| format!("{ms:.2} ms");
            let first = format!("first call after the begin of `main`, TLS included, {name}");
            limits.push(Limit::at_most(first, column.first_ms(), FIRST_MS, ms));
            limits.push(Limit::at_most(format!("later calls, of hyper alone, {name}"), column.of_raw(), OF_RAW, times));
        }
        let mb = |mb: f64| format!("{mb:.2} MB");
        let calls = self.at_once.first().map_or(0, |run| run.calls);
        limits.push(Limit::at_most(format!("{calls} calls in flight, peak memory"), self.peak_mb(), PEAK_MB, mb));
        for program in &self.programs {
            if let Some(most) = program.most_mb {
                limits.push(Limit::at_most(format!("{}, program", program.what), Some(program.mb()), most, mb));
            }
        }
        let bare = self.programs.iter().find(|program| program.most_mb.is_none());
        for program in self.programs.iter().filter(|program| program.most_mb.is_some()) {
            let ratio = bare.map(|bare| program.start_ms / bare.start_ms);
            let what = format!("{}, start, of a bare program's", program.what);
            limits.push(Limit::at_most(what, ratio, OF_BARE, times));
        }
        limits
    }
}

impl Program {
    pub(super) fn mb(&self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "no program has 2^52 bytes")]
        let bytes = self.bytes as f64;
        bytes / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(later_us: f64, bytes: u64) -> Figures {
        let column = Column {
            first: vec![First { first_ms: 3.0 }],
            later: vec![Later { p50_us: later_us, raw_p50_us: 100.0 }, Later { p50_us: 110.0, raw_p50_us: 100.0 }],
        };
        let program = |what, bytes, most_mb| Program { what, bytes, start_ms: 1.0, most_mb };
        Figures {
            quiet: column.clone(),
            one_core: column,
            at_once: vec![AtOnce { calls: 1000, seconds: 1.0, before_kib: 8_000, peak_kib: 60_000 }],
            programs: vec![program("bare", 9_000_000, None), program("worker", bytes, Some(1.8))],
        }
    }

    #[test]
    fn good_figures_are_within_all_limits() {
        let limits = figures(110.0, 1_700_000).limits();
        assert!(limits.iter().all(|limit| limit.holds == Some(true)), "{limits:?}");
        assert_eq!(limits.len(), 7);
    }

    #[test]
    fn exceeded_limits_show_found_and_allowed_figures() {
        let over = figures(150.0, 1_900_000).limits();
        let over = over.iter().filter(|limit| limit.holds == Some(false));
        let shown: Vec<_> = over.map(|l| (l.what.as_str(), l.found.as_str(), l.allowed.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("later calls, of hyper alone, quiet", "1.30 ×", "≤ 1.20 ×"),
                ("later calls, of hyper alone, 1-core", "1.30 ×", "≤ 1.20 ×"),
                ("worker, program", "1.90 MB", "≤ 1.80 MB"),
            ]
        );
    }
}
