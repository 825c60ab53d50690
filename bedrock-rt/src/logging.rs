//! Logs: on Lambda by Lambda's settings, on a laptop as lines on the standard error.
//! Filters are levels and targets; those by span or field would need a regex engine in every program.

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

/// On Lambda: text or JSON and the level as `AWS_LAMBDA_LOG_FORMAT` and `AWS_LAMBDA_LOG_LEVEL` say; Lambda itself puts
/// the time before each line. `RUST_LOG` is finer and wins.
pub(crate) fn init_lambda() {
    // A program that has set up its own subscriber keeps it.
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

/// On a laptop: `RUST_LOG` decides, `info` is the default.
#[cfg(not(bedrock_lambda))]
pub(crate) fn init_local() {
    install(LevelFilter::INFO, layer().with_target(false).without_time().with_writer(crate::local::Stderr));
}

/// What writes the lines of a test's workers, as on a laptop.
#[cfg(not(bedrock_lambda))]
pub(crate) fn lines_to(writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static) -> tracing::Dispatch {
    let lines = layer().with_target(false).without_time().with_ansi(false).with_writer(writer);
    Registry::default().with(lines).with(filter(&variable("RUST_LOG"), LevelFilter::INFO)).into()
}

fn install(level: LevelFilter, lines: impl Layer<Registry> + Send + Sync) {
    let _ = Registry::default().with(lines).with(filter(&variable("RUST_LOG"), level)).try_init();
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// Lambda's name for a level. It has one above `ERROR`, which tracing has not.
fn level(name: &str) -> LevelFilter {
    match name.to_ascii_uppercase().as_str() {
        "" => LevelFilter::INFO,
        "FATAL" => LevelFilter::ERROR,
        name => name.parse().unwrap_or(LevelFilter::INFO),
    }
}

/// What `RUST_LOG` says, without what cannot be understood of it; without anything in it, `level` for all.
fn filter(directives: &str, level: LevelFilter) -> Targets {
    let understood = |directive: &&str| !directive.is_empty() && directive.parse::<Targets>().is_ok();
    let understood: Vec<_> = directives.split(',').map(str::trim).filter(understood).collect();
    let all = || Targets::new().with_default(level);
    if understood.is_empty() { all() } else { understood.join(",").parse().unwrap_or_else(|_| all()) }
}

#[cfg(test)]
mod tests {
    use super::{filter, level};
    use tracing::level_filters::LevelFilter;

    #[test]
    fn a_level_of_lambda_is_one_of_ours() {
        let levels = ["TRACE", "debug", "WARN", "FATAL", "", "loud"].map(level);
        let [trace, debug, warn, fatal, none, unknown] = levels;
        assert_eq!([trace, debug, warn], [LevelFilter::TRACE, LevelFilter::DEBUG, LevelFilter::WARN]);
        assert_eq!([fatal, none, unknown], [LevelFilter::ERROR, LevelFilter::INFO, LevelFilter::INFO]);
    }

    #[test]
    fn directives_win_over_the_level_and_a_wrong_one_is_passed_over() {
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
