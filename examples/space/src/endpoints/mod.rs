//! The HTTP endpoints, one file each.

mod systems;

use axum::Router;

/// All of them.
pub fn router() -> Router {
    Router::new().merge(systems::router())
}
