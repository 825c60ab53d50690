//! Logging on Lambda, by Lambda's settings.

use std::io::stdout;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::layer;

use crate::logging::{install, variable};

/// Sets up logging on Lambda. `AWS_LAMBDA_LOG_FORMAT` selects text or JSON, `AWS_LAMBDA_LOG_LEVEL` the level;
/// `RUST_LOG` takes precedence. Lambda itself adds the time to each line.
pub(super) fn init() {
    // Keep the subscriber that the program has set up itself.
    if tracing::dispatcher::has_been_set() {
        return;
    }
    let level = level(&variable("AWS_LAMBDA_LOG_LEVEL"));
    if variable("AWS_LAMBDA_LOG_FORMAT").eq_ignore_ascii_case("json") {
        install(level, layer().json().with_target(false).without_time().with_writer(stdout));
    } else {
        install(level, layer().with_target(false).without_time().with_writer(stdout));
    }
}

/// Parses one of Lambda's level names. `FATAL`, which tracing does not have, becomes `ERROR`.
fn level(name: &str) -> LevelFilter {
    match name.to_ascii_uppercase().as_str() {
        "" => LevelFilter::INFO,
        "FATAL" => LevelFilter::ERROR,
        name => name.parse().unwrap_or(LevelFilter::INFO),
    }
}

#[cfg(test)]
mod tests {
    use super::level;
    use tracing::level_filters::LevelFilter;

    #[test]
    fn lambda_log_levels_map_to_tracing_levels() {
        let levels = ["TRACE", "debug", "WARN", "FATAL", "", "loud"].map(level);
        let [trace, debug, warn, fatal, none, unknown] = levels;
        assert_eq!([trace, debug, warn], [LevelFilter::TRACE, LevelFilter::DEBUG, LevelFilter::WARN]);
        assert_eq!([fatal, none, unknown], [LevelFilter::ERROR, LevelFilter::INFO, LevelFilter::INFO]);
    }
}
