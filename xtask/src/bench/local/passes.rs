//! The output of `bench_local --json`, and the medians of several runs.

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::bench::samples::median;

/// One run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Pass {
    rows: Vec<Row>,
    contracts: Option<Contracts>,
}

/// What contracts cost.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct Contracts {
    /// The check of an event of 1 KB in Rust.
    pub(super) check_us: f64,
    /// The p50 of calls with checks, divided by that of calls without them.
    pub(super) python: f64,
    pub(super) node: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Row {
    language: String,
    floor: bool,
    p50_us: f64,
    p99_us: f64,
    first_ms: Option<f64>,
    per_second: Option<f64>,
}

/// The medians of several runs under the same conditions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    /// In the order of the measurement.
    pub(super) rows: Vec<Median>,
    pub(super) contracts: Option<Contracts>,
}

/// A floor or a worker. The median of each figure is taken separately.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Median {
    pub(super) language: String,
    pub(super) is_floor: bool,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) first_ms: Option<f64>,
    pub(super) per_second: Option<f64>,
    /// p50 divided by the p50 of the floor in the same run; `None` for the floors themselves.
    pub(super) of_floor: Option<f64>,
}

impl Pass {
    /// Parses the last line of the output.
    pub(super) fn read(output: &str) -> Result<Self> {
        let line = output.lines().last().unwrap_or_default();
        serde_json::from_str(line).with_context(|| format!("failed to parse the output of bench_local: `{line}`"))
    }

    fn row(&self, language: &str, floor: bool) -> Option<&Row> {
        self.rows.iter().find(|row| row.language == language && row.floor == floor)
    }

    fn of_floor(&self, row: &Row) -> Option<f64> {
        let floor = self.row(&row.language, true).filter(|_| !row.floor)?;
        Some(row.p50_us / floor.p50_us)
    }
}

impl Column {
    /// Returns the median of each figure over the runs that have it.
    pub(super) fn median(passes: &[Pass]) -> Self {
        let rows = passes.first().map_or(&[][..], |pass| &pass.rows);
        let contracts =
            |of: fn(&Contracts) -> f64| median(passes.iter().filter_map(|p| p.contracts.as_ref()).map(of).collect());
        let contracts = contracts(|c| c.check_us).zip(contracts(|c| c.python)).zip(contracts(|c| c.node));
        let contracts = contracts.map(|((check_us, python), node)| Contracts { check_us, python, node });
        Self { rows: rows.iter().map(|row| over(passes, row)).collect(), contracts }
    }

    pub(super) fn row(&self, language: &str, is_floor: bool) -> Option<&Median> {
        self.rows.iter().find(|row| row.language == language && row.is_floor == is_floor)
    }
}

fn over(passes: &[Pass], like: &Row) -> Median {
    let rows: Vec<(&Pass, &Row)> =
        passes.iter().filter_map(|pass| Some((pass, pass.row(&like.language, like.floor)?))).collect();
    let figure = |of: fn(&Row) -> Option<f64>| median(rows.iter().filter_map(|(_, row)| of(row)).collect());
    Median {
        language: like.language.clone(),
        is_floor: like.floor,
        p50_us: figure(|row| Some(row.p50_us)).unwrap_or_default(),
        p99_us: figure(|row| Some(row.p99_us)).unwrap_or_default(),
        first_ms: figure(|row| row.first_ms),
        per_second: figure(|row| row.per_second),
        of_floor: median(rows.iter().filter_map(|(pass, row)| pass.of_floor(row)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(floor: f64, worker: f64) -> Pass {
        let text = format!(
            "something a worker printed\n{{\"rows\":[\
             {{\"language\":\"rust\",\"floor\":true,\"p50_us\":{floor},\"p99_us\":9.5,\"first_ms\":null,\"per_second\":null}},\
             {{\"language\":\"rust\",\"floor\":false,\"p50_us\":{worker},\"p99_us\":20,\"first_ms\":3,\"per_second\":5e4}}],\
             \"contracts\":{{\"check_us\":{worker},\"python\":1.5,\"node\":1.25}}}}\n"
        );
        Pass::read(&text).expect("a report")
    }

    #[test]
    fn median_of_ratios_uses_ratios_within_a_run() {
        let column = Column::median(&[pass(1.0, 2.0), pass(10.0, 30.0), pass(2.0, 2.0)]);
        let worker = column.row("rust", false).expect("a worker");
        assert_eq!((worker.p50_us, worker.of_floor, worker.first_ms), (2.0, Some(2.0), Some(3.0)));
        let floor = column.row("rust", true).expect("a floor");
        assert_eq!((floor.p50_us, floor.of_floor, floor.per_second), (2.0, None, None));
        assert_eq!(column.contracts, Some(Contracts { check_us: 2.0, python: 1.5, node: 1.25 }));
    }

    #[test]
    fn output_that_is_not_a_report_is_shown_in_the_error() {
        let error = Pass::read("error: no node\n").expect_err("no report");
        assert_eq!(error.to_string(), "failed to parse the output of bench_local: `error: no node`");
    }
}
