//! Logs: on Lambda by Lambda's settings, on a laptop as lines on the standard error.

/// On Lambda: text or JSON and the level as `AWS_LAMBDA_LOG_FORMAT` and `AWS_LAMBDA_LOG_LEVEL` say.
pub(crate) fn init_lambda() {
    // A program that has set up its own subscriber keeps it.
    if !tracing::dispatcher::has_been_set() {
        lambda_runtime::tracing::init_default_subscriber();
    }
}

/// On a laptop: `RUST_LOG` decides, `info` is the default.
#[cfg(not(bedrock_lambda))]
pub(crate) fn init_local() {
    use lambda_runtime::tracing::subscriber::{EnvFilter, fmt};

    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let _ = fmt().with_env_filter(filter).with_target(false).without_time().with_writer(std::io::stderr).try_init();
}
