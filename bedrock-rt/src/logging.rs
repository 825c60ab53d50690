//! Logging: on Lambda by Lambda's settings, locally as lines on the standard error.
//! Filters are by level and target only. Filters by span or field would add a regex engine to every program.

use std::io::stdout;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
#[cfg(not(bedrock_lambda))]
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;

/// Sets up logging on Lambda. `AWS_LAMBDA_LOG_FORMAT` selects text or JSON, `AWS_LAMBDA_LOG_LEVEL` the level;
/// `RUST_LOG` takes precedence. Lambda itself adds the time to each line.
pub(crate) fn init_lambda() {
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

/// Sets up local logging to `writer`. `RUST_LOG` selects the levels, the default is `info`.
#[cfg(not(bedrock_lambda))]
pub(crate) fn init_local(writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static) {
    install(LevelFilter::INFO, layer().with_target(false).without_time().with_writer(writer));
}

/// Returns a subscriber that writes log lines to `writer` in the local format.
#[cfg(not(bedrock_lambda))]
pub(crate) fn with_writer(writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static) -> tracing::Dispatch {
    let lines = layer().with_target(false).without_time().with_ansi(false).with_writer(writer);
    Registry::default().with(lines).with(filter(&variable("RUST_LOG"), LevelFilter::INFO)).into()
}

fn install(level: LevelFilter, lines: impl Layer<Registry> + Send + Sync) {
    let _ = Registry::default().with(lines).with(filter(&variable("RUST_LOG"), level)).try_init();
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Parses one of Lambda's level names. `FATAL`, which tracing does not have, becomes `ERROR`.
fn level(name: &str) -> LevelFilter {
    match name.to_ascii_uppercase().as_str() {
        "" => LevelFilter::INFO,
        "FATAL" => LevelFilter::ERROR,
        name => name.parse().unwrap_or(LevelFilter::INFO),
    }
}

/// Parses `RUST_LOG` and ignores directives that are not valid. Without a valid directive `level` applies to all
/// targets.
fn filter(directives: &str, level: LevelFilter) -> Targets {
    let is_valid = |directive: &&str| !directive.is_empty() && directive.parse::<Targets>().is_ok();
    let valid: Vec<_> = directives.split(',').map(str::trim).filter(is_valid).collect();
    let all = || Targets::new().with_default(level);
    if valid.is_empty() { all() } else { valid.join(",").parse().unwrap_or_else(|_| all()) }
}

#[cfg(test)]
mod tests {
    use super::{filter, level};
    use tracing::level_filters::LevelFilter;

    #[test]
    fn lambda_log_levels_map_to_tracing_levels() {
        let levels = ["TRACE", "debug", "WARN", "FATAL", "", "loud"].map(level);
        let [trace, debug, warn, fatal, none, unknown] = levels;
        assert_eq!([trace, debug, warn], [LevelFilter::TRACE, LevelFilter::DEBUG, LevelFilter::WARN]);
        assert_eq!([fatal, none, unknown], [LevelFilter::ERROR, LevelFilter::INFO, LevelFilter::INFO]);
    }

    #[test]
    fn filter_prefers_directives_and_ignores_invalid_ones() {
        use tracing::Level;
        let plain = filter("", LevelFilter::WARN);
        assert!(plain.would_enable("any", &Level::WARN) && !plain.would_enable("any", &Level::INFO));
        let finer = filter("info, my_app::db=trace,x=loud,,[span{id=1}]=debug", LevelFilter::WARN);
        assert!(finer.would_enable("any", &Level::INFO) && !finer.would_enable("any", &Level::DEBUG));
        assert!(finer.would_enable("my_app::db", &Level::TRACE) && !finer.would_enable("my_app", &Level::DEBUG));
        let wrong = filter("loud=loud", LevelFilter::WARN);
        assert!(wrong.would_enable("any", &Level::WARN) && !wrong.would_enable("any", &Level::INFO));
    }
}
