//! The HTTP endpoints, one file for each.

mod systems;

use axum::Router;

/// Returns the routes of all endpoints.
pub fn router() -> Router {
    Router::new().merge(systems::router())
}
