//! Logging: levels by `RUST_LOG`, locally as lines on the standard error.
//! Filters are by level and target only. Filters by span or field would add a regex engine to every program.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
#[cfg(not(bedrock_lambda))]
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;

/// Sets up local logging to `writer`. `RUST_LOG` selects the levels, the default is `info`.
#[cfg(not(bedrock_lambda))]
pub(crate) fn init(writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static) {
    install(LevelFilter::INFO, layer().with_target(false).without_time().with_writer(writer));
}

/// Returns a subscriber that writes log lines to `writer` in the local format.
#[cfg(not(bedrock_lambda))]
pub(crate) fn with_writer(writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static) -> tracing::Dispatch {
    let lines = layer().with_target(false).without_time().with_ansi(false).with_writer(writer);
    Registry::default().with(lines).with(filter(&variable("RUST_LOG"), LevelFilter::INFO)).into()
}

pub(crate) fn install(level: LevelFilter, lines: impl Layer<Registry> + Send + Sync) {
    let _ = Registry::default().with(lines).with(filter(&variable("RUST_LOG"), level)).try_init();
}

pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
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
    use super::filter;
    use tracing::level_filters::LevelFilter;

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
