//! The measured figures as medians, and their limits.

use super::bounds::Bounds;
use super::calls::Language;
use super::client::{Load, Saved};
use super::idle::Rest;
use super::latency::{Latency, Pair, Pass};
use super::reload::{Edits, Reloads};
use crate::bench::limit::{Limit, times};
use crate::bench::samples::median;

/// All figures. Parts that were not measured are `None`.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures {
    pub(super) latency: Option<Latency>,
    pub(super) reloads: Option<Reloads>,
    pub(super) rest: Option<Rest>,
    pub(super) bounds: Option<Bounds>,
}

/// Limit of p50 with one call at a time, as a multiple of the p50 of the other tool.
fn most_of_peer(language: Language) -> f64 {
    if language == Language::Python { 0.5 } else { 0.8 }
}
/// Limit of the rate with sixteen calls at a time, as a multiple of the rate of the other tool.
const RATE: f64 = 2.0;
/// Limit of p99 with sixteen calls at a time, as a multiple of the p50.
const TAIL: f64 = 5.0;
/// Limit in ms for a saved Python or JavaScript file.
const SAVED_MS: f64 = 300.0;
/// Limit in ms for a saved Rust file, without the time of cargo.
const BEYOND_CARGO_MS: f64 = 150.0;
/// Limit of calls after a reload, as a multiple of the calls before it.
const STAYS_WARM: f64 = 1.5;
const IDLE_MB: f64 = 60.0;
/// Limit of the memory in the second half of a time with failing functions, as a multiple of that in the first half.
const STAYS_FLAT: f64 = 1.1;
/// Limit of p99 of Python's calls next to failing ones, as a multiple of that of Node.
const PYTHON_TAIL: f64 = 2.0;
/// Limit of p99 while large events wait, as a multiple of that while none wait.
const WAITING_TAIL: f64 = 2.0;
const DOWNLOAD_MB: f64 = 30.0;
const TEN_BYTES_MS: f64 = 5.0;
const LIST_MS: f64 = 50.0;
const PRINTING_MB: f64 = 100.0;
/// The stored dev events have at most 48 MiB, and an allocator needs more than is requested from it.
const BUSY_MB: f64 = IDLE_MB + 67.1;

impl Latency {
    /// Returns the median of a figure over the passes.
    pub(super) fn of(&self, language: Language, figure: impl Fn(&Pass) -> f64) -> Option<f64> {
        median(self.passes.iter().filter(|pass| pass.language == language).map(figure).collect())
    }

    fn limits(&self) -> Vec<Limit> {
        let mut limits = Vec::new();
        // The ratio is taken within a pass: a disturbance affects both figures.
        let ratio = |pair: &Pair, figure: fn(&Load) -> f64| figure(&pair.ours) / figure(&pair.peers);
        for language in Language::ALL {
            let name = language.title();
            let peer = language.peer();
            let p50 = self.of(language, |pass| ratio(&pass.one, |load| load.p50_us));
            let rate = self.of(language, |pass| ratio(&pass.many, |load| load.per_second));
            let tail = self.of(language, |pass| pass.many.ours.p99_us / pass.many.ours.p50_us);
            limits.push(Limit::at_most(format!("{name}, p50, of {peer}"), p50, most_of_peer(language), times));
            limits.push(Limit::at_least(format!("{name}, 16 in flight, of {peer}"), rate, RATE, times));
            limits.push(Limit::at_most(format!("{name}, 16 in flight, p99 of its p50"), tail, TAIL, times));
        }
        let what = format!("memory after {} calls, with the last of them stored", self.calls);
        limits.push(Limit::at_most(what, Some(self.own.memory_mb), BUSY_MB, mb));
        limits
    }
}

impl Edits {
    /// Returns the median of the edits that had an effect.
    pub(super) fn new_ms(saved: &[Saved]) -> Option<f64> {
        median(saved.iter().filter_map(|saved| saved.new_ms).collect())
    }

    fn limits(&self) -> Vec<Limit> {
        let name = self.language.title();
        let first = if self.cargo_ms.is_empty() {
            Limit::at_most(format!("{name} file saved → new answer"), Self::new_ms(&self.ours), SAVED_MS, ms)
        } else {
            let cargo = median(self.cargo_ms.clone());
            let beyond = Self::new_ms(&self.ours).zip(cargo).map(|(ours, cargo)| ours - cargo);
            Limit::at_most(format!("{name} file saved → new answer, beyond cargo's own"), beyond, BEYOND_CARGO_MS, ms)
        };
        let warm = median(self.ours.iter().filter_map(|saved| Some(saved.after_us? / saved.before_us?)).collect());
        let sum = |figure: fn(&Saved) -> u32| Some(f64::from(self.ours.iter().map(figure).sum::<u32>()));
        vec![
            first,
            Limit::at_most(format!("{name} file saved, p50 after it, of that before"), warm, STAYS_WARM, times),
            Limit::at_most(format!("{name} file saved, calls lost"), sum(|saved| saved.lost), 0.0, number),
            Limit::at_most(
                format!("{name} file saved, old answers after new ones"),
                sum(|saved| saved.old),
                0.0,
                number,
            ),
        ]
    }
}

impl Bounds {
    fn limits(&self) -> Vec<Limit> {
        let of = |language| {
            let at = Language::ALL.iter().position(|other| *other == language)?;
            self.faults.innocent.get(at)
        };
        let failed = |language| of(language).map(|innocent| f64::from(innocent.failed));
        let p99 = |language| of(language)?.p99_us;
        let tail = p99(Language::Python).zip(p99(Language::Node)).map(|(python, node)| python / node);
        let flat = self.faults.second_half_mb / self.faults.first_half_mb;
        vec![
            Limit::at_most("Rust, innocent calls that failed", failed(Language::Rust), 0.0, number),
            Limit::at_most("Node, innocent calls that failed", failed(Language::Node), 0.0, number),
            Limit::at_most(
                "Python with `isolation = \"process\"`, innocent calls that failed",
                Some(f64::from(self.isolated.failed)),
                0.0,
                number,
            ),
            Limit::at_most("Python, p99 of innocent calls, of Node's", tail, PYTHON_TAIL, times),
            Limit::at_most("memory in the second half, of that in the first", Some(flat), STAYS_FLAT, times),
            Limit::at_most(
                "400 waiting events of 1 MB and the dashboard, p99 of other calls, of that without",
                Some(self.waiting_p99_us / self.quiet_p99_us),
                WAITING_TAIL,
                times,
            ),
            Limit::at_most("download of 1.5 GB, memory", Some(self.objects.download_mb), DOWNLOAD_MB, mb),
            Limit::at_most("10 bytes of 1.5 GB", Some(self.objects.ten_bytes_ms), TEN_BYTES_MS, tenths_of_ms),
            Limit::at_most("list of 1,000 objects", Some(self.objects.list_ms), LIST_MS, tenths_of_ms),
            Limit::at_most("memory while a function prints long lines", Some(self.printing_mb), PRINTING_MB, mb),
        ]
    }
}

impl Figures {
    /// Returns all limits, in the order of the table.
    pub(super) fn limits(&self) -> Vec<Limit> {
        let mut limits = self.latency.as_ref().map(Latency::limits).unwrap_or_default();
        if let Some(reloads) = &self.reloads {
            limits.extend(reloads.edits.iter().flat_map(Edits::limits));
            let what = "reloads without a saved file, without `.gitignore`";
            limits.push(Limit::at_most(what, Some(count(reloads.unasked)), 0.0, number));
        }
        if let Some(rest) = &self.rest {
            let of = |what: &str| format!("{} workers, {what}", rest.workers);
            limits.extend([
                Limit::at_most(of("none called, their processes"), Some(count(rest.uncalled.hosts)), 0.0, number),
                Limit::at_most(of("none called, processor time in 10 s"), Some(ticks(rest.uncalled.ticks)), 0.0, ms),
                Limit::at_most(of("none called, memory"), Some(rest.uncalled.memory_mb), IDLE_MB, mb),
                Limit::at_most(of("all warm, processor time in 10 s"), Some(ticks(rest.warm.ticks)), 0.0, ms),
                Limit::at_most(of("all warm, memory without the hosts"), Some(rest.warm.memory_mb), IDLE_MB, mb),
            ]);
            let what = "reloads without a saved file, with `.gitignore`";
            limits.push(Limit::at_most(what, Some(count(rest.unasked)), 0.0, number));
        }
        limits.extend(self.bounds.iter().flat_map(Bounds::limits));
        limits
    }
}

fn tenths_of_ms(ms: f64) -> String {
    format!("{ms:.1} ms")
}

fn ms(ms: f64) -> String {
    format!("{ms:.0} ms")
}

fn mb(mb: f64) -> String {
    format!("{mb:.1} MB")
}

fn number(number: f64) -> String {
    format!("{number:.0}")
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Converts hundredths of a second to ms.
fn ticks(ticks: u64) -> f64 {
    10.0 * f64::from(u32::try_from(ticks).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::bounds::{Faults, Objects};
    use super::super::client::Innocent;
    use super::super::idle::{Idle, Own};
    use super::*;

    fn figures(ours_us: f64, cargo_ms: f64, lost: u32) -> Figures {
        let load = |p50_us, per_second| Load { p50_us, p99_us: 4.0 * p50_us, per_second, failed: 0 };
        let pair = Pair { ours: load(ours_us, 20_000.0), peers: load(200.0, 8_000.0) };
        let passes = Language::ALL.map(|language| Pass { language, one: pair, many: pair }).to_vec();
        let own = Own { memory_mb: 90.0, ticks: 1 };
        let saved = Saved { new_ms: Some(200.0), lost, old: 0, before_us: Some(100.0), after_us: Some(110.0) };
        let edits = |language, cargo_ms| Edits { language, ours: vec![saved], peers: Vec::new(), cargo_ms };
        let edits = vec![edits(Language::Rust, vec![cargo_ms]), edits(Language::Node, Vec::new())];
        let idle = Idle { hosts: 0, ticks: 0, memory_mb: 30.0 };
        Figures {
            latency: Some(Latency { passes, tuned: vec![load(200.0, 9_000.0)], loads: Vec::new(), calls: 9, own }),
            reloads: Some(Reloads { edits, unasked: 0 }),
            rest: Some(Rest { workers: 20, uncalled: idle, warm: idle, unasked: 0 }),
            bounds: None,
        }
    }

    #[test]
    fn good_figures_are_within_all_limits() {
        let limits = figures(80.0, 100.0, 0).limits();
        assert!(limits.iter().all(|limit| limit.holds == Some(true)), "{limits:?}");
        assert_eq!(limits.len(), 10 + 9 + 6);
    }

    #[test]
    fn each_bound_is_compared_with_its_limit() {
        let innocent = |failed, p99_us| Innocent { calls: 100, failed, p50_us: Some(1.0), p99_us: Some(p99_us) };
        let faults = Faults {
            seconds: 2,
            innocent: vec![innocent(0, 100.0), innocent(3, 250.0), innocent(1, 100.0)],
            first_half_mb: 100.0,
            second_half_mb: 120.0,
        };
        let objects = Objects { download_mb: 30.0, ten_bytes_ms: 5.0, list_ms: 50.0 };
        let bounds = Bounds {
            faults,
            isolated: innocent(0, 100.0),
            quiet_p99_us: 100.0,
            waiting_p99_us: 200.0,
            objects,
            printing_mb: 100.0,
        };
        let limits = Figures { bounds: Some(bounds), ..Figures::default() }.limits();
        let over: Vec<_> = limits.iter().filter(|limit| limit.holds != Some(true)).map(|limit| &*limit.what).collect();
        assert_eq!(
            over,
            [
                "Node, innocent calls that failed",
                "Python, p99 of innocent calls, of Node's",
                "memory in the second half, of that in the first"
            ]
        );
        assert_eq!(limits.len(), 10);
    }

    #[test]
    fn each_figure_that_is_over_shows_what_was_found_and_allowed() {
        let over = figures(110.0, 40.0, 1).limits();
        let over = over.iter().filter(|limit| limit.holds == Some(false));
        let shown: Vec<_> = over.map(|l| (l.what.as_str(), l.found.as_str(), l.allowed.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("Python, p50, of serverless-offline", "0.55 ×", "≤ 0.50 ×"),
                ("Rust file saved → new answer, beyond cargo's own", "160 ms", "≤ 150 ms"),
                ("Rust file saved, calls lost", "1", "≤ 0"),
                ("Node file saved, calls lost", "1", "≤ 0"),
            ]
        );
    }
}
