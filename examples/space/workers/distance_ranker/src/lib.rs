//! Ranks planetary systems by their distance. The Python worker fetches them.

use bedrock::{Context, Result, Worker, invoke};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The maximum number of systems to return.
#[derive(Debug, Serialize, Deserialize)]
pub struct RankRequest {
    pub most: usize,
}

/// A star and its planets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct System {
    pub name: String,
    /// The distance in light years.
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

#[cfg(test)]
mod tests {
    use bedrock::test::App;
    use serde_json::{Value, json};

    use super::{RankRequest, System};

    #[bedrock::test]
    async fn nearest_systems_come_first(app: App) -> bedrock::Result<()> {
        let system = |name: &str, distance_ly| System { name: name.to_owned(), distance_ly, planets: 1 };
        app.mock("system_fetcher", move |_: Value| Ok([system("Vega", 25.0), system("Ross 128", 11.0)]));
        let nearest: Vec<System> = app.invoke("distance_ranker", RankRequest { most: 1 }).await?;
        assert_eq!(nearest, [system("Ross 128", 11.0)]);
        app.assert_called("system_fetcher").by("distance_ranker").with_event(json!({})).times(1);
        Ok(())
    }
}
