//! The measured figures and their limits. The fastest of several runs counts: other work on the machine can only make a build
//! slower.

use super::builder::Kind;
use crate::bench::limit::{Limit, times};
use crate::bench::samples::least;

/// All figures.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) builds: Vec<Builds>,
    pub(super) packing: Packing,
    pub(super) layers: Layers,
}

/// Seconds of builds by one builder.
#[derive(Debug, Clone)]
pub(super) struct Builds {
    pub(super) kind: Kind,
    pub(super) cold: Vec<f64>,
    pub(super) no_op: Vec<f64>,
    pub(super) edit: Vec<f64>,
    /// Names of the zips that changed in the last edit.
    pub(super) changed: Vec<String>,
    /// The zip of one worker.
    pub(super) zip_bytes: Option<usize>,
}

impl Builds {
    pub(super) fn of(kind: Kind) -> Self {
        let none = Vec::new;
        Self { kind, cold: none(), no_op: none(), edit: none(), changed: Vec::new(), zip_bytes: None }
    }
}

/// Packing many files, in seconds and bytes.
#[derive(Debug, Clone)]
pub(super) struct Packing {
    /// The tool that it is compared with.
    pub(super) rival: &'static str,
    pub(super) tree_bytes: usize,
    /// The whole build of the worker.
    pub(super) build_s: f64,
    /// Only reading, compressing and writing.
    pub(super) step_s: f64,
    pub(super) rival_s: f64,
    pub(super) bytes: u64,
    pub(super) rival_bytes: u64,
}

/// Layers that need not be built.
#[derive(Debug, Clone)]
pub(super) struct Layers {
    pub(super) no_op_s: f64,
    /// The tools that were started although the layers are up to date.
    pub(super) started: Vec<String>,
}

/// Limit of cold builds and edits, as a multiple of the time of plain cargo.
const OF_CARGO: f64 = 1.05;
const NO_OP_S: f64 = 0.15;
/// Limit of the size of a worker's zip, as a multiple of that of cargo-lambda.
const OF_LAMBDA_ZIP: f64 = 1.02;
const FASTER: f64 = 3.0;
/// Limit of the size of the packed files, as a multiple of that of the other tool.
const OF_RIVAL_BYTES: f64 = 1.03;

impl Figures {
    pub(super) fn of(&self, kind: Kind) -> Option<&Builds> {
        self.builds.iter().find(|builds| builds.kind == kind)
    }

    /// Returns all limits, in the order of the table.
    pub(super) fn limits(&self) -> Vec<Limit> {
        let ours = self.of(Kind::Bedrock);
        let cargo = self.of(Kind::Cargo);
        let fastest = |builds: Option<&Builds>, of: fn(&Builds) -> &Vec<f64>| least(of(builds?).iter().copied());
        let ratio = |of: fn(&Builds) -> &Vec<f64>| Some(fastest(ours, of)? / fastest(cargo, of)?);
        let seconds = |s: f64| format!("{s:.3} s");
        let number = |n: f64| format!("{n:.0}");
        let zip = |kind| self.of(kind).and_then(|builds| builds.zip_bytes).map(float);
        let changed = ours.map(|builds| float(builds.changed.len()));
        let packing = &self.packing;
        #[allow(clippy::cast_precision_loss, reason = "no zip has 2^52 bytes")]
        let packed = packing.bytes as f64 / packing.rival_bytes as f64;
        vec![
            Limit::at_most("cold build, of plain cargo's", ratio(|b| &b.cold), OF_CARGO, times),
            Limit::at_most("no-op, all zips included", fastest(ours, |b| &b.no_op), NO_OP_S, seconds),
            Limit::at_most("edit of one line, of plain cargo's", ratio(|b| &b.edit), OF_CARGO, times),
            Limit::at_most("edit of one line, zips that change", changed, 1.0, number),
            Limit::at_most(
                "zip of a worker, of cargo-lambda's",
                zip(Kind::Bedrock).zip(zip(Kind::CargoLambda)).map(|(ours, theirs)| ours / theirs),
                OF_LAMBDA_ZIP,
                times,
            ),
            Limit::at_least(
                format!("packing 30 MB of JavaScript, times faster than `{}`", packing.rival),
                Some(packing.rival_s / packing.step_s),
                FASTER,
                times,
            ),
            Limit::at_most("packing 30 MB of JavaScript, size of the other's", Some(packed), OF_RIVAL_BYTES, times),
            Limit::at_most(
                "no-op of layers, tools that are started",
                Some(float(self.layers.started.len())),
                0.0,
                number,
            ),
        ]
    }
}

#[allow(clippy::cast_precision_loss, reason = "nothing that is counted here comes to 2^52")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::bench::build) fn figures(ours_s: f64, changed: &[&str], started: &[&str]) -> Figures {
        let builds = |kind, seconds: f64, zip_bytes| Builds {
            cold: vec![seconds * 1000.0, seconds * 1100.0],
            no_op: vec![seconds, seconds / 2.0],
            edit: vec![seconds * 60.0],
            changed: changed.iter().map(|name| (*name).to_owned()).collect(),
            zip_bytes,
            ..Builds::of(kind)
        };
        Figures {
            builds: vec![
                builds(Kind::Bedrock, ours_s, Some(600_000)),
                builds(Kind::Cargo, 0.1, None),
                builds(Kind::CargoLambda, 0.2, Some(595_000)),
            ],
            packing: Packing {
                rival: "zip -9",
                tree_bytes: 30_000_000,
                build_s: 0.3,
                step_s: 0.2,
                rival_s: 1.0,
                bytes: 10_200_000,
                rival_bytes: 10_000_000,
            },
            layers: Layers { no_op_s: 0.01, started: started.iter().map(|tool| (*tool).to_owned()).collect() },
        }
    }

    #[test]
    fn good_figures_are_within_all_limits() {
        let limits = figures(0.1, &["worker_5"], &[]).limits();
        assert!(limits.iter().all(|limit| limit.holds == Some(true)), "{limits:?}");
    }

    #[test]
    fn exceeded_limits_show_found_and_allowed_figures() {
        let over = figures(0.4, &["worker_5", "endpoint"], &["uv"]).limits();
        let over = over.iter().filter(|limit| limit.holds == Some(false));
        let shown: Vec<_> = over.map(|l| (l.what.as_str(), l.found.as_str(), l.allowed.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("cold build, of plain cargo's", "4.00 ×", "≤ 1.05 ×"),
                ("no-op, all zips included", "0.200 s", "≤ 0.150 s"),
                ("edit of one line, of plain cargo's", "4.00 ×", "≤ 1.05 ×"),
                ("edit of one line, zips that change", "2", "≤ 1"),
                ("no-op of layers, tools that are started", "1", "≤ 0"),
            ]
        );
    }
}
