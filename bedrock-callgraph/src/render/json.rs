//! The graph as JSON, for programs.

use super::document::Document;
use crate::model::Graph;
use bedrock_diagnostics::{Error, Result};

pub(super) fn render(graph: &Graph) -> Result<String> {
    let text = serde_json::to_string_pretty(&Document::new(graph))
        .map_err(|error| Error::call("failed to write the graph as JSON").cause(error.to_string()))?;
    Ok(text + "\n")
}
