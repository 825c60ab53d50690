//! Ranks planetary systems by their distance. Gets them from the Python worker.

use bedrock::{Context, Result, Worker, invoke};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How many systems to give at most.
#[derive(Debug, Serialize, Deserialize)]
pub struct RankRequest {
    pub most: usize,
}

/// A star and its planets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct System {
    pub name: String,
    /// In light years.
    pub distance_ly: f64,
    pub planets: u32,
}

#[bedrock::worker]
pub struct DistanceRanker;

impl Worker for DistanceRanker {
    type Event = RankRequest;
    type Response = Vec<System>;

    async fn execute(&self, event: RankRequest, _context: &Context) -> Result<Vec<System>> {
        let mut systems: Vec<System> = invoke!("system_fetcher", json!({}), require_response = true).await?;
        systems.sort_by(|a, b| a.distance_ly.total_cmp(&b.distance_ly));
        systems.truncate(event.most);
        Ok(systems)
    }
}
