//! The results, as a table or as JSON for `cargo xtask bench`.

use serde_json::{Value, json};

use crate::contracts::Costs;
use crate::samples::Samples;

/// All rows, in the order of the measurements.
#[derive(Debug, Default)]
pub struct Report {
    rows: Vec<Row>,
    costs: Option<Costs>,
}

/// The results of a worker or of a lower bound.
#[derive(Debug)]
pub struct Row {
    language: &'static str,
    is_floor: bool,
    p50_us: f64,
    p99_us: f64,
    /// The time from the start of the process to the first response.
    first_ms: Option<f64>,
    /// Responses per second with 16 calls in flight.
    per_second: Option<f64>,
}

impl Row {
    /// Creates the row of a lower bound.
    pub fn floor(language: &'static str, samples: Samples, first_ms: Option<f64>) -> Self {
        let (p50_us, p99_us) = samples.summary();
        Self { language, is_floor: true, p50_us, p99_us, first_ms, per_second: None }
    }

    /// Creates the row of a worker that is called through `invoke!`.
    pub fn worker(language: &'static str, samples: Samples, first_ms: f64, per_second: f64) -> Self {
        let (p50_us, p99_us) = samples.summary();
        Self { language, is_floor: false, p50_us, p99_us, first_ms: Some(first_ms), per_second: Some(per_second) }
    }
}

impl Report {
    /// Adds a row.
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Sets what contracts cost.
    pub fn set_costs(&mut self, costs: Costs) {
        self.costs = Some(costs);
    }

    /// Returns `{"rows": [{"language", "floor", "p50_us", "p99_us", "first_ms", "per_second"}, …], "contracts": {"check_us",
    /// "python", "node"}}` on one line.
    pub fn json(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            json!({
                "language": row.language, "floor": row.is_floor, "p50_us": row.p50_us, "p99_us": row.p99_us,
                "first_ms": row.first_ms, "per_second": row.per_second,
            })
        });
        let costs = self
            .costs
            .as_ref()
            .map(|costs| json!({ "check_us": costs.check_us, "python": costs.python, "node": costs.node }));
        json!({ "rows": rows.collect::<Vec<Value>>(), "contracts": costs }).to_string()
    }

    /// Returns a table as text.
    pub fn table(&self) -> String {
        let mut text = format!("{:<16} {:>9} {:>9} {:>9} {:>11}", "", "p50 µs", "p99 µs", "first ms", "16 at once");
        for row in &self.rows {
            let label = format!("{} {}", row.language, if row.is_floor { "floor" } else { "worker" });
            let first = row.first_ms.map_or(String::new(), |ms| format!("{ms:.1}"));
            let rate = row.per_second.map_or(String::new(), |rate| format!("{:.0} k/s", rate / 1e3));
            text += &format!("\n{label:<16} {:>9.1} {:>9.1} {first:>9} {rate:>11}", row.p50_us, row.p99_us);
        }
        if let Some(Costs { check_us, python, node }) = &self.costs {
            text += &format!("\ncontracts: check {check_us:.1} µs, python {python:.2} ×, node {node:.2} ×");
        }
        text
    }
}
