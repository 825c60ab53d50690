//! The figures as Markdown.

use std::fmt::Write;

use super::figures::Figures;
use super::limits::title;
use super::passes::Median;
use crate::bench::machine;

/// Returns a table of floors and workers, on all cores and on one.
pub(super) fn rows(figures: &Figures) -> String {
    let mut text =
        "| 1 KB of JSON, there and back | p50 quiet | p99 quiet | 16 in flight quiet | p50 1-core | p99 1-core | \
                    p50 of its floor, quiet / 1-core | first call |\n|---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for quiet in &figures.quiet.rows {
        let Some(one_core) = figures.one_core.row(&quiet.language, quiet.is_floor) else { continue };
        let rate = quiet.per_second.map_or("–".to_owned(), |rate| format!("{:.0} k/s", rate / 1e3));
        let first = quiet.first_ms.map_or("–".to_owned(), |ms| format!("{ms:.1} ms"));
        let ratio = match (quiet.of_floor, one_core.of_floor) {
            (Some(quiet), Some(one_core)) => format!("{quiet:.2} / {one_core:.2}"),
            _ => "–".to_owned(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {:.1} µs | {:.1} µs | {rate} | {:.1} µs | {:.1} µs | {ratio} | {first} |",
            label(quiet),
            quiet.p50_us,
            quiet.p99_us,
            one_core.p50_us,
            one_core.p99_us
        );
    }
    text
}

/// Returns the conditions of the measurement, which are needed to compare the figures with others.
pub(super) fn circumstances(figures: &Figures, passes: u8, loads: &[String]) -> String {
    let passes = if passes == 1 { "1 pass".to_owned() } else { format!("Medians over {passes} passes") };
    format!(
        "{passes}, quiet and 1-core (the whole run under `taskset -c 0`) alternately, {}. \
         Load average before each run: {}. The release binary of `hello` has {} KB.",
        machine::name(),
        loads.join(", "),
        figures.hello_bytes / 1000
    )
}

fn label(row: &Median) -> String {
    match (row.is_floor, row.language.as_str()) {
        (false, language) => format!("{} worker", title(language)),
        (true, "rust") => "floor: a task of the same runtime, the same JSON work".to_owned(),
        (true, language) => format!("floor: a bare {} program on a unix socket", title(language)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::passes::Column;
    use super::*;

    #[test]
    fn row_has_both_columns_and_a_dash_for_missing_figures() {
        let row = |is_floor, of_floor: Option<f64>| Median {
            language: "python".to_owned(),
            is_floor,
            p50_us: 7.04,
            p99_us: 20.0,
            first_ms: Some(12.34),
            per_second: of_floor.map(|_| 51_400.0),
            of_floor,
        };
        let column = Column { rows: vec![row(true, None), row(false, Some(1.25))], contracts: None };
        let (quiet, one_core) = (column.clone(), column);
        let figures =
            Figures { quiet, one_core, idle_kib: 1, contracts_ms: 1.0, crates: 1, hello_bytes: 1, compile: None };
        let lines: Vec<String> = rows(&figures).lines().skip(2).map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "| floor: a bare Python program on a unix socket | 7.0 µs | 20.0 µs | – | 7.0 µs | 20.0 µs | – | 12.3 ms |",
                "| Python worker | 7.0 µs | 20.0 µs | 51 k/s | 7.0 µs | 20.0 µs | 1.25 / 1.25 | 12.3 ms |",
            ]
        );
    }
}
