//! `serve`: the endpoint. On Lambda a function URL or API Gateway calls it; locally it listens on 127.0.0.1.

use axum::Router;
use lambda_http::{Request, RequestExt, Service, service_fn};

use crate::caller;
use crate::exact_response::ExactResponse;
use crate::{Context, Result, WorkerError, logging, runtime};

/// Serves `router`: on Lambda through `lambda_http`, elsewhere as an HTTP server for this machine only.
///
/// Locally the address is 127.0.0.1 and the port is `PORT`, or 3000. The function returns after the program was asked
/// to stop (Ctrl-C, SIGTERM) and the running requests have been answered.
pub async fn serve(router: Router) -> Result<()> {
    if runtime::on_lambda() {
        logging::init_lambda();
        runtime::open();
        return serve_invocations(router).await.map_err(|error| WorkerError::new("Runtime", error));
    }
    #[cfg(not(bedrock_lambda))]
    {
        logging::init_local(crate::local::StderrLog);
        crate::local::serve(router).await
    }
    #[cfg(bedrock_lambda)]
    Err(WorkerError::new("NotLambda", "this program was built for Lambda and runs only there"))
}

/// Runs each request as part of its invocation, so that its calls inherit deadline and trace.
async fn serve_invocations(router: Router) -> std::result::Result<(), lambda_http::Error> {
    lambda_http::run(service_fn(move |request: Request| {
        let context = request.lambda_context_ref().cloned().map(Context::from);
        // A router is always ready, and clones share their routes.
        let response = router.clone().call(request);
        async move {
            let response = match context {
                Some(context) => caller::scope(&context, response).await,
                None => response.await,
            };
            response.map(ExactResponse)
        }
    }))
    .await
}
