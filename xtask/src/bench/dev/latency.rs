//! Calls of warm functions, one at a time and sixteen at a time, alternating between `cargo bedrock dev` and the other tool.

use anyhow::{Result, ensure};

use super::app::App;
use super::calls::Language;
use super::client::{Client, Load};
use super::idle::{self, Own};
use super::offline::Offline;
use super::watch::Watch;
use crate::bench::machine;

/// Calls before the measurement, which start processes and compile code.
const WARM: u32 = 2_000;
const ONE: u32 = 3_000;
const MANY: u32 = 16_000;
const IN_FLIGHT: u32 = 16;
/// Maximum number of processes of one function in cargo-lambda's mode for many calls. Of 1, 2, 4 and 16, four are fastest on
/// two cores. `cargo bedrock dev` has as many as the calls need, at most one for each.
pub(super) const INSTANCES: &str = "4";

/// Two runs of the same calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) ours: Load,
    pub(super) peers: Load,
}

/// The figures of a language in one pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    pub(super) language: Language,
    /// One call at a time.
    pub(super) one: Pair,
    /// Sixteen calls at a time.
    pub(super) many: Pair,
}

/// All passes, and the resources after them.
#[derive(Debug, Clone)]
pub(super) struct Latency {
    pub(super) passes: Vec<Pass>,
    /// Sixteen calls at a time of cargo-lambda with [`INSTANCES`], in each pass.
    pub(super) tuned: Vec<Load>,
    /// The load average before each pass.
    pub(super) loads: Vec<String>,
    /// Number of all calls that `cargo bedrock dev` has served.
    pub(super) calls: u32,
    /// Its resources after them.
    pub(super) own: Own,
}

/// Measures all languages alternately.
pub(super) fn measure(
    app: &App<'_>,
    client: &Client<'_>,
    watch: &Watch<'_>,
    offline: &Offline<'_>,
    passes: u8,
) -> Result<Latency> {
    eprintln!("starting `cargo bedrock dev --release`, cargo-lambda and serverless-offline");
    let dev = app.dev(&["--release"])?;
    let (_watch, rust) = watch.start(&["--release", "--ignore-changes"])?;
    let (_tuned, tuned) = watch.start(&["--release", "--ignore-changes", "--concurrency", INSTANCES])?;
    let (_offline, others) = offline.start(&["--useInProcess"])?;
    let cases = Language::ALL.map(|language| {
        let peer = if language == Language::Rust { rust.clone() } else { others.replace("{}", language.worker()) };
        (language, dev.function(language.worker()), peer)
    });
    for url in cases.iter().flat_map(|(_, ours, peer)| [ours, peer]).chain([&tuned]) {
        client.load(url, WARM, 1)?;
        client.load(url, WARM, IN_FLIGHT)?;
    }
    let mut latency =
        Latency { passes: Vec::new(), tuned: Vec::new(), loads: Vec::new(), calls: 6 * WARM, own: Own::default() };
    for number in 1..=passes {
        latency.loads.push(machine::load()?);
        eprintln!("pass {number} of {passes}, load {}", latency.loads.last().map_or("", String::as_str));
        for (language, ours, peer) in &cases {
            let pair = |calls, in_flight| {
                let pair =
                    Pair { ours: client.load(ours, calls, in_flight)?, peers: client.load(peer, calls, in_flight)? };
                ensure!(pair.ours.failed == 0, "{} calls of `{}` have failed", pair.ours.failed, language.worker());
                if pair.peers.failed > 0 {
                    eprintln!("{}: {} calls have failed", language.peer(), pair.peers.failed);
                }
                Ok(pair)
            };
            latency.passes.push(Pass { language: *language, one: pair(ONE, 1)?, many: pair(MANY, IN_FLIGHT)? });
            latency.calls += ONE + MANY;
        }
        latency.tuned.push(client.load(&tuned, MANY, IN_FLIGHT)?);
    }
    latency.own = idle::own(dev.server.id())?;
    Ok(latency)
}
