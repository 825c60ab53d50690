//! Calls of a worker with a contract, and of one without.

use bedrock::invoke;
use serde_json::json;
use workers::system_fetcher::{Event, Order, Place, System};

bedrock::workers!();

/// Names the workers whose types others use.
mod shared {
    bedrock::workers!(system_fetcher, thumbnailer);
}

pub use shared::workers::system_fetcher::Order as SharedOrder;

async fn _calls(limit: u8, name: &'static str) -> Result<(), bedrock::Error> {
    let event = Event { limit, filter: None, from: None, order: Some(Order::Near), origin: None };
    invoke!("system_fetcher", event.clone()).await?;
    let systems = invoke!("system_fetcher", event, require_response = true).await?;
    let _first: Option<&System> = systems.first();
    invoke!("system_fetcher", json!({ "limit": 1 })).await?;
    let literal = json!({
        "limit": limit,
        "filter": null,
        "order": "far",
        "origin": { "kind": "star", "name": name.to_uppercase() },
    });
    let _any: Vec<u8> = invoke!("thumbnailer", literal, require_response = true).await?;
    let systems = invoke!(
        "system_fetcher",
        json!({ "limit": limit + 1, "filter": null, "origin": { "kind": "point", "x": -1.5 } }),
        require_response = true
    )
    .await?;
    let _name: &String = &systems[0].name;
    let name = "limit";
    invoke!("system_fetcher", json!({ (name): 1 })).await?;
    Ok(())
}

fn main() {
    let read = |text: &str| serde_json::from_str::<Event>(text).expect("an event");
    let absent = read(r#"{"limit": 1}"#);
    let with_null = read(r#"{"limit": 1, "filter": null}"#);
    assert_eq!(absent.filter, None);
    assert_eq!(with_null.filter, Some(None));
    assert_eq!(json!(absent), json!({ "limit": 1 }));
    assert_eq!(json!(with_null), json!({ "limit": 1, "filter": null }));
    let place = Place::Star { name: "Sol".to_owned() };
    assert_eq!(json!(place), json!({ "kind": "star", "name": "Sol" }));
    let system = System { name: "a".to_owned(), parent: None };
    let system = System { name: "b".to_owned(), parent: Some(Box::new(system)) };
    assert_eq!(json!(system), json!({ "name": "b", "parent": { "name": "a", "parent": null } }));
}
