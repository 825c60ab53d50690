//! The endpoint as a Lambda function: a function URL or API Gateway calls it.

use axum::Router;
use lambda_http::tower::layer::layer_fn;
use lambda_http::{Adapter, Request, RequestExt, Service, service_fn};
use lambda_runtime::Runtime;
use lambda_runtime::layers::TracingLayer;

use super::exact_response::ExactResponse;
use super::streaming::{self, StreamingService};
use crate::caller;
use crate::{Context, Result, WorkerError, runtime};

/// Answers the invocations of the endpoint until the process is stopped.
pub(crate) async fn serve(router: Router) -> Result<()> {
    super::logging::init();
    runtime::open();
    serve_invocations(router).await.map_err(|error| WorkerError::new("Runtime", error))
}

/// Runs each request as part of its invocation, so that its calls inherit deadline and trace.
async fn serve_invocations(router: Router) -> std::result::Result<(), lambda_http::Error> {
    let streaming = streaming::is_on().then(|| router.clone());
    let whole_responses = Adapter::from(service_fn(move |request: Request| {
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
    }));
    let runtime = Runtime::new(whole_responses);
    match streaming {
        Some(router) => {
            let runtime = runtime.layer(layer_fn(|inner| StreamingService::new(inner, router.clone())));
            runtime.layer(TracingLayer::new()).run().await
        }
        None => runtime.layer(TracingLayer::new()).run().await,
    }
}
