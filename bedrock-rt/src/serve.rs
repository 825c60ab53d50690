//! `serve`: the endpoint. On Lambda a function URL or API Gateway calls it; locally it listens on 127.0.0.1.

use axum::Router;

#[cfg(bedrock_lambda)]
use crate::WorkerError;
use crate::{Result, lambda, runtime};

/// Serves `router`: on Lambda through `lambda_http`, elsewhere as an HTTP server for this machine only.
///
/// Locally the address is 127.0.0.1 and the port is `PORT`, or 3000. The function returns after the program was asked
/// to stop (Ctrl-C, SIGTERM) and the running requests have been answered.
pub async fn serve(router: Router) -> Result<()> {
    if runtime::on_lambda() {
        return lambda::serve(router).await;
    }
    #[cfg(not(bedrock_lambda))]
    {
        crate::logging::init(crate::local::StderrLog);
        crate::local::serve(router).await
    }
    #[cfg(bedrock_lambda)]
    Err(WorkerError::new("NotLambda", "this program was built for Lambda and runs only there"))
}
