//! The figures as Markdown.

use std::fmt::Write;

use super::bounds::Faults;
use super::calls::Language;
use super::client::{Innocent, Load, Saved};
use super::figures::Figures;
use super::idle::Rest;
use super::latency::{INSTANCES, Latency, Pass};
use super::reload::{Edits, Reloads};
use crate::bench::samples::median;

/// All figures.
pub(super) fn all(figures: &Figures) -> String {
    let tables = [
        figures.latency.as_ref().map(latency),
        figures.reloads.as_ref().map(reloads),
        figures.rest.as_ref().map(rest),
        figures.bounds.as_ref().map(|bounds| faults(&bounds.faults)),
    ];
    tables.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn latency(latency: &Latency) -> String {
    let mut text =
        "| 1 KB of JSON, there and back over HTTP | p50 | p99 | 16 in flight | p50 of them | p99 of them |\n\
                    |---|---|---|---|---|---|\n"
            .to_owned();
    for language in Language::ALL {
        let ours = format!("{}, `cargo bedrock dev --release`", language.title());
        let peer = format!("{}, {}", language.title(), language.peer());
        line(&mut text, latency, language, &ours, |pass| pass.one.ours, |pass| pass.many.ours);
        line(&mut text, latency, language, &peer, |pass| pass.one.peers, |pass| pass.many.peers);
        if language == Language::Rust {
            tuned(&mut text, &latency.tuned);
        }
    }
    text
}

/// A row for cargo-lambda in its mode for many calls.
fn tuned(text: &mut String, loads: &[Load]) {
    let of = |figure: fn(&Load) -> f64| median(loads.iter().map(figure).collect()).unwrap_or_default();
    let _ = writeln!(
        text,
        "| Rust, {} `--concurrency {INSTANCES}` | – | – | {:.1} k/s | {:.1} ms | {:.1} ms |",
        Language::Rust.peer(),
        of(|load| load.per_second) / 1e3,
        of(|load| load.p50_us) / 1e3,
        of(|load| load.p99_us) / 1e3,
    );
}

fn line(
    text: &mut String,
    latency: &Latency,
    language: Language,
    who: &str,
    one: fn(&Pass) -> Load,
    many: fn(&Pass) -> Load,
) {
    let of = |figure: &dyn Fn(&Pass) -> f64| latency.of(language, figure).unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "| {who} | {:.0} µs | {:.0} µs | {:.1} k/s | {:.1} ms | {:.1} ms |",
        of(&|pass| one(pass).p50_us),
        of(&|pass| one(pass).p99_us),
        of(&|pass| many(pass).per_second / 1e3),
        of(&|pass| many(pass).p50_us / 1e3),
        of(&|pass| many(pass).p99_us / 1e3),
    );
}

fn reloads(reloads: &Reloads) -> String {
    let mut text = "| a file is saved during calls | new answer after | calls lost | p50 before | p50 after |\n\
                    |---|---|---|---|---|\n"
        .to_owned();
    for edits in &reloads.edits {
        let name = edits.language.title();
        let peer = if edits.language == Language::Rust {
            "`cargo lambda watch`"
        } else {
            "serverless-offline `--reloadHandler`"
        };
        edit(&mut text, &format!("{name}, `cargo bedrock dev`"), &edits.ours);
        if let Some(cargo) = median(edits.cargo_ms.clone()) {
            let _ = writeln!(text, "| {name}, cargo's build alone | {cargo:.0} ms | – | – | – |");
        }
        edit(&mut text, &format!("{name}, {peer}"), &edits.peers);
    }
    text
}

fn edit(text: &mut String, who: &str, saved: &[Saved]) {
    let new = Edits::new_ms(saved).map_or("–".to_owned(), |ms| format!("{ms:.0} ms"));
    let lost: u32 = saved.iter().map(|saved| saved.lost).sum();
    let p50 = |figure: fn(&Saved) -> Option<f64>| {
        median(saved.iter().filter_map(figure).collect()).map_or("–".to_owned(), |us| format!("{us:.0} µs"))
    };
    let _ = writeln!(
        text,
        "| {who} | {new} | {lost} in {} edits | {} | {} |",
        saved.len(),
        p50(|saved| saved.before_us),
        p50(|saved| saved.after_us)
    );
}

fn rest(rest: &Rest) -> String {
    let mut text = format!(
        "| idle, {} workers | their processes | processor time in 10 s | memory |\n|---|---|---|---|\n",
        rest.workers
    );
    for (what, idle) in [("before the first call", rest.uncalled), ("all warm", rest.warm)] {
        let _ = writeln!(text, "| {what} | {} | {} ms | {:.1} MB |", idle.hosts, 10 * idle.ticks, idle.memory_mb);
    }
    text
}

fn faults(faults: &Faults) -> String {
    let mut text = format!(
        "| 64 callers of each for {} s, 2 % of the calls ask for a failure | other calls | failed | p50 | p99 |\n\
         |---|---|---|---|---|\n",
        faults.seconds
    );
    for (language, innocent) in Language::ALL.iter().zip(&faults.innocent) {
        let ms = |us: Option<f64>| us.map_or("–".to_owned(), |us| format!("{:.1} ms", us / 1e3));
        let Innocent { calls, failed, p50_us, p99_us } = *innocent;
        let _ = writeln!(text, "| {} | {calls} | {failed} | {} | {} |", language.title(), ms(p50_us), ms(p99_us));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::idle::Idle;
    use super::*;

    #[test]
    fn missing_parts_have_no_table_and_edits_without_effect_no_time() {
        let saved = Saved { new_ms: None, lost: 2, old: 0, before_us: Some(123.4), after_us: None };
        let edits = Edits { language: Language::Rust, ours: vec![saved], peers: vec![saved], cargo_ms: vec![500.4] };
        let figures = Figures { reloads: Some(Reloads { edits: vec![edits], unasked: 0 }), ..Figures::default() };
        let lines: Vec<String> = all(&figures).lines().skip(2).map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "| Rust, `cargo bedrock dev` | – | 2 in 1 edits | 123 µs | – |",
                "| Rust, cargo's build alone | 500 ms | – | – | – |",
                "| Rust, `cargo lambda watch` | – | 2 in 1 edits | 123 µs | – |",
            ]
        );
        let idle = Idle { hosts: 3, ticks: 2, memory_mb: 30.04 };
        let rest = Rest { workers: 20, uncalled: Idle::default(), warm: idle, unasked: 0 };
        let text = all(&Figures { rest: Some(rest), ..Figures::default() });
        assert!(text.ends_with("| all warm | 3 | 20 ms | 30.0 MB |\n"), "{text}");
    }
}
