//! The limits of local invocations.

use super::figures::Figures;
use super::passes::{Column, Contracts, Median};
use crate::bench::limit::{Limit, times};

const COLUMNS: [&str; 2] = ["quiet", "1-core"];
/// p50 of a Rust worker in µs, quiet and on one core.
const RUST_P50: [f64; 2] = [15.0, 8.0];
/// p50 of a hosted worker as a multiple of its floor.
const OF_FLOOR: f64 = 1.4;
/// p99 as a multiple of the p50.
const TAIL: f64 = 4.0;
/// Answers per second with 16 in flight.
const RATE: f64 = 40_000.0;
/// The first call in ms, and as a multiple of the first answer of the bare interpreter, which took 23 ms for Python and 53 ms
/// for Node on the machine on which the limits were set.
const FIRST: [(&str, f64, f64); 2] = [("python", 60.0, 60.0 / 23.0), ("node", 90.0, 90.0 / 53.0)];
/// The check of an event of 1 KB in µs, and calls with checks as a multiple of calls without them.
const CONTRACT_CHECK: f64 = 5.0;
const CONTRACT_CALLS: f64 = 1.1;
/// `cargo bedrock contracts` of an app with 40 workers.
const CONTRACTS_MS: f64 = 1_000.0;
const IDLE_MB: f64 = 30.0;
pub(super) const CRATES: usize = 90;
/// The first compile in seconds, and as a multiple of that of a crate with AWS's clients.
const COMPILE: (f64, f64) = (32.0, 0.8);

/// Returns all limits, in the order of the table.
pub(super) fn all(figures: &Figures) -> Vec<Limit> {
    let columns = [&figures.quiet, &figures.one_core];
    let mut limits = Vec::new();
    for ((column, name), allowed) in columns.into_iter().zip(COLUMNS).zip(RUST_P50) {
        let found = worker(column, "rust").map(|row| row.p50_us);
        limits.push(Limit::at_most(format!("Rust worker, p50, {name}"), found, allowed, |us| format!("{us:.1} µs")));
    }
    for language in ["python", "node"] {
        for (column, name) in columns.into_iter().zip(COLUMNS) {
            let what = format!("{} worker, p50 of its floor, {name}", title(language));
            let found = worker(column, language).and_then(|row| row.of_floor);
            limits.push(Limit::at_most(what, found, OF_FLOOR, |ratio| format!("{ratio:.2} ×")));
        }
    }
    for language in ["rust", "python", "node"] {
        for (column, name) in columns.into_iter().zip(COLUMNS) {
            let what = format!("{} worker, p99 of its p50, {name}", title(language));
            let found = worker(column, language).map(|row| row.p99_us / row.p50_us);
            limits.push(Limit::at_most(what, found, TAIL, |ratio| format!("{ratio:.1} ×")));
        }
    }
    for language in ["rust", "python", "node"] {
        limits.push(rate(language, worker(&figures.quiet, language).and_then(|row| row.per_second)));
    }
    for (language, allowed, of_floor) in FIRST {
        let found = worker(&figures.quiet, language).and_then(|row| row.first_ms);
        let floor = figures.quiet.row(language, true).and_then(|row| row.first_ms);
        limits.push(Limit::at_most(format!("{} worker, first call", title(language)), found, allowed, |ms| {
            format!("{ms:.0} ms")
        }));
        let ratio = found.zip(floor).map(|(found, floor)| found / floor);
        limits.push(Limit::at_most(
            format!("{} worker, first call, of its floor", title(language)),
            ratio,
            of_floor,
            times,
        ));
    }
    for (column, name) in columns.into_iter().zip(COLUMNS) {
        limits.extend(contracts(column, name));
    }
    limits.extend(costs(figures));
    limits
}

fn contracts(column: &Column, name: &str) -> [Limit; 3] {
    let found = |of: fn(&Contracts) -> f64| column.contracts.as_ref().map(of);
    let calls = |language: &str, found: Option<f64>| {
        Limit::at_most(
            format!("{language} worker, p50 with a contract of that without, {name}"),
            found,
            CONTRACT_CALLS,
            times,
        )
    };
    let check = format!("contract, check of an event of 1 KB in Rust, {name}");
    [
        Limit::at_most(check, found(|c| c.check_us), CONTRACT_CHECK, |us| format!("{us:.1} µs")),
        calls("Python", found(|c| c.python)),
        calls("Node", found(|c| c.node)),
    ]
}

fn costs(figures: &Figures) -> Vec<Limit> {
    #[allow(clippy::cast_precision_loss, reason = "a process has less than 2^52 KiB")]
    let idle = figures.idle_kib as f64 * 1024.0 / 1e6;
    vec![
        Limit::at_most("app with ten idle workers, without the hosts".to_owned(), Some(idle), IDLE_MB, |mb| {
            format!("{mb:.1} MB")
        }),
        Limit::at_most(
            "`contracts` of an app with 40 workers, up to date".to_owned(),
            Some(figures.contracts_ms),
            CONTRACTS_MS,
            |ms| format!("{ms:.0} ms"),
        ),
        Limit {
            what: "`hello`, crates".to_owned(),
            found: figures.crates.to_string(),
            allowed: format!("≤ {CRATES}"),
            holds: Some(figures.crates <= CRATES),
        },
        Limit::at_most("`hello`, cold dev compile".to_owned(), figures.compile.map(|c| c.hello), COMPILE.0, |s| {
            format!("{s:.1} s")
        }),
        Limit::at_most(
            "`hello`, cold dev compile, of its floor".to_owned(),
            figures.compile.map(|c| c.hello / c.floor),
            COMPILE.1,
            times,
        ),
    ]
}

fn rate(language: &str, found: Option<f64>) -> Limit {
    let what = format!("{} worker, 16 in flight", title(language));
    Limit::at_least(what, found, RATE, |rate| format!("{:.0} k/s", rate / 1e3))
}

fn worker<'a>(column: &'a Column, language: &str) -> Option<&'a Median> {
    column.row(language, false)
}

/// Returns the name of a language for the start of a line.
pub(super) fn title(language: &str) -> &'static str {
    match language {
        "rust" => "Rust",
        "python" => "Python",
        _ => "Node",
    }
}

#[cfg(test)]
mod tests {
    use super::super::hello::Compile;
    use super::*;

    fn figures(p50_us: f64, first_ms: f64) -> Figures {
        let row = |language: &str| Median {
            language: language.to_owned(),
            is_floor: false,
            p50_us,
            p99_us: 20.0,
            first_ms: Some(first_ms),
            per_second: Some(50_000.0),
            of_floor: Some(1.2),
        };
        let floor = |language| Median { is_floor: true, first_ms: Some(45.0), ..row(language) };
        let rows = [row("rust"), row("python"), row("node"), floor("python"), floor("node")];
        let contracts = Some(Contracts { check_us: 4.0, python: 1.05, node: 1.05 });
        let column = Column { rows: rows.to_vec(), contracts };
        Figures {
            quiet: column.clone(),
            one_core: column,
            idle_kib: 12_000,
            contracts_ms: 700.0,
            crates: 70,
            hello_bytes: 1,
            compile: Some(Compile { hello: 16.0, floor: 26.0 }),
        }
    }

    #[test]
    fn good_figures_are_within_all_limits() {
        let over: Vec<_> = all(&figures(7.0, 50.0)).into_iter().filter(|limit| limit.holds != Some(true)).collect();
        assert_eq!(over, []);
    }

    #[test]
    fn exceeded_limits_show_found_and_allowed_figures() {
        let over: Vec<_> = all(&figures(9.0, 75.0)).into_iter().filter(|limit| limit.holds != Some(true)).collect();
        let shown: Vec<_> = over.iter().map(|l| (l.what.as_str(), l.found.as_str(), l.allowed.as_str())).collect();
        assert_eq!(
            shown,
            [("Rust worker, p50, 1-core", "9.0 µs", "≤ 8.0 µs"), ("Python worker, first call", "75 ms", "≤ 60 ms")]
        );
    }

    #[test]
    fn missing_figure_neither_holds_nor_exceeds_its_limit() {
        let limits = all(&Figures { compile: None, ..figures(7.0, 50.0) });
        let compile = limits.last().expect("the last limit");
        assert_eq!((compile.found.as_str(), compile.holds), ("–", None));
    }
}
