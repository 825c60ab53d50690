//! `serve`: the endpoint, behind a function URL or API Gateway on Lambda, on 127.0.0.1 on a laptop.

use axum::Router;

use crate::{Result, WorkerError, logging, transport};

/// Serves `router`: on Lambda through `lambda_http`, elsewhere as an HTTP server on this machine alone.
///
/// On a laptop the address is 127.0.0.1 and the port is in `PORT`, or 3000. It returns when the program is asked to
/// stop (Ctrl-C, SIGTERM) and the requests that were running have been answered.
pub async fn serve(router: Router) -> Result<()> {
    if transport::on_lambda() {
        logging::init_lambda();
        return lambda_http::run(router).await.map_err(|error| WorkerError::new("Runtime", error));
    }
    #[cfg(not(bedrock_lambda))]
    {
        logging::init_local();
        crate::local::serve(router).await
    }
    #[cfg(bedrock_lambda)]
    Err(WorkerError::new("NotLambda", "this program was built for Lambda and runs only there"))
}
