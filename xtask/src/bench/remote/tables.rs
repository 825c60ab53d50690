//! The figures as Markdown.

use std::fmt::Write;

use super::figures::Figures;

/// Returns a table of the calls, on all cores and on one.
pub(super) fn calls(figures: &Figures) -> String {
    let mut text = "| 1 KB of JSON there and back, over TLS | quiet | 1-core |\n|---|---|---|\n".to_owned();
    let quiet = &figures.quiet;
    let one_core = &figures.one_core;
    let rows = [
        ("floor: only hyper on one connection, without signatures", quiet.raw_us(), one_core.raw_us(), "µs"),
        ("`invoke_arn`, later calls", quiet.later_us(), one_core.later_us(), "µs"),
        ("`invoke_arn`, first call after the begin of `main`", quiet.first_ms(), one_core.first_ms(), "ms"),
    ];
    for (what, quiet, one_core, unit) in rows {
        let shown = |figure: Option<f64>| figure.map_or("–".to_owned(), |figure| format!("{figure:.1} {unit}"));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {what} | {} | {} |", shown(quiet), shown(one_core));
    }
    text
}

/// Returns a table of the size and the start of the programs.
pub(super) fn programs(figures: &Figures) -> String {
    let mut text = "| program | size | exec to the first `GET /next` |\n|---|---|---|\n".to_owned();
    for program in &figures.programs {
        let _ = writeln!(text, "| {} | {:.2} MB | {:.2} ms |", program.what, program.mb(), program.start_ms);
    }
    text
}

/// Returns a sentence about a thousand calls.
pub(super) fn at_once(figures: &Figures) -> String {
    let Some(run) = figures.at_once.iter().max_by_key(|run| run.peak_kib) else { return String::new() };
    format!(
        "{} calls that are all in flight before the first is answered took {:.2} s and went all well; the process grew from \
         {} to {} KB.\n",
        run.calls, run.seconds, run.before_kib, run.peak_kib
    )
}

#[cfg(test)]
mod tests {
    use super::super::calls::{AtOnce, First, Later};
    use super::super::figures::{Column, Program};
    use super::*;

    #[test]
    fn row_has_both_columns_and_a_dash_for_missing_figures() {
        let quiet =
            Column { first: vec![First { first_ms: 2.54 }], later: vec![Later { p50_us: 120.04, raw_p50_us: 100.0 }] };
        let program = Program { what: "a worker", bytes: 1_754_000, start_ms: 1.234, most_mb: None };
        let figures = Figures { quiet, one_core: Column::default(), at_once: Vec::new(), programs: vec![program] };
        let lines: Vec<String> = calls(&figures).lines().skip(3).map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "| `invoke_arn`, later calls | 120.0 µs | – |",
                "| `invoke_arn`, first call after the begin of `main` | 2.5 ms | – |"
            ]
        );
        assert!(programs(&figures).ends_with("| a worker | 1.75 MB | 1.23 ms |\n"));
        assert_eq!(at_once(&figures), "");
    }

    #[test]
    fn run_with_the_most_memory_is_shown() {
        let run = |peak_kib| AtOnce { calls: 1000, seconds: 0.5, before_kib: 8_000, peak_kib };
        let figures = Figures {
            quiet: Column::default(),
            one_core: Column::default(),
            at_once: vec![run(50_000), run(60_000)],
            programs: Vec::new(),
        };
        assert!(at_once(&figures).ends_with("from 8000 to 60000 KB.\n"));
    }
}
