//! Error reports about cycles, for `--deny-cycles`.

use super::model::{EdgeSource, Graph, path};
use super::node::NodeName;
use bedrock_diagnostics::Report;

/// Returns one report for each cycle. The causes are its calls.
pub fn cycle_reports(graph: &Graph) -> Vec<Report> {
    graph.cycles.iter().map(|cycle| report(graph, cycle)).collect()
}

fn report(graph: &Graph, cycle: &[NodeName]) -> Report {
    let call = |pair: &[NodeName]| {
        let edge = graph.edges.iter().find(|edge| pair == [edge.from.clone(), edge.to.clone()])?;
        let place = match (edge.places.first(), edge.source) {
            (Some(place), _) => format!(" ({place})"),
            (None, EdgeSource::Settings) => " (Cargo.toml)".to_owned(),
            (None, EdgeSource::Code) => String::new(),
        };
        Some(format!("`{}` calls `{}`{place}", edge.from, edge.to))
    };
    Report {
        message: format!("a cycle of calls: `{}`", path(cycle)),
        causes: cycle.windows(2).filter_map(call).collect(),
        help: Vec::new(),
    }
}
