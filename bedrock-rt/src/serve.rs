//! `serve`: the endpoint, behind a function URL or API Gateway on Lambda, on 127.0.0.1 on a laptop.

use axum::Router;
use lambda_http::{Request, RequestExt, Service, service_fn};

use crate::caller::Caller;
use crate::{Context, Result, WorkerError, logging, transport};

/// Serves `router`: on Lambda through `lambda_http`, elsewhere as an HTTP server on this machine alone.
///
/// On a laptop the address is 127.0.0.1 and the port is in `PORT`, or 3000. It returns when the program is asked to
/// stop (Ctrl-C, SIGTERM) and the requests that were running have been answered.
pub async fn serve(router: Router) -> Result<()> {
    if transport::on_lambda() {
        logging::init_lambda();
        transport::open();
        return serve_invocations(router).await.map_err(|error| WorkerError::new("Runtime", error));
    }
    #[cfg(not(bedrock_lambda))]
    {
        logging::init_local();
        crate::local::serve(router).await
    }
    #[cfg(bedrock_lambda)]
    Err(WorkerError::new("NotLambda", "this program was built for Lambda and runs only there"))
}

/// Answers one request of a test.
#[cfg(not(bedrock_lambda))]
pub(crate) async fn answer(mut router: Router, request: axum::extract::Request) -> axum::response::Response {
    match router.call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Each request is answered as part of its invocation, whose deadline and trace its calls inherit.
async fn serve_invocations(router: Router) -> std::result::Result<(), lambda_http::Error> {
    lambda_http::run(service_fn(move |request: Request| {
        let context = request.lambda_context_ref().cloned().map(Context::from);
        // A router is always ready, and its clone shares the routes.
        let answer = router.clone().call(request);
        async move {
            match context {
                Some(context) => Caller::scope(&context, answer).await,
                None => answer.await,
            }
        }
    }))
    .await
}
