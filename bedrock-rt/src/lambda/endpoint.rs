//! The endpoint as a Lambda function: a function URL, API Gateway or an Application Load Balancer calls it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;

use axum::Router;
use lambda_http::tower::layer::layer_fn;
use lambda_http::{Adapter, IntoResponse, LambdaEvent, Request, RequestExt, Service, service_fn};
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Diagnostic, Runtime};

use super::endpoint_event::{EndpointEvent, EndpointResponse};
use super::exact_response::ExactResponse;
use super::proxy_response::ProxyResponse;
use super::streaming::{self, StreamingService};
use crate::caller;
use crate::{Context, Result, WorkerError, runtime};

/// Answers the invocations of the endpoint until the process is stopped.
pub(crate) async fn serve(router: Router) -> Result<()> {
    super::logging::init();
    runtime::open();
    serve_invocations(router).await.map_err(|error| WorkerError::new("Runtime", error))
}

async fn serve_invocations(router: Router) -> std::result::Result<(), lambda_http::Error> {
    let streaming = streaming::is_on().then(|| router.clone());
    let url_router = router.clone();
    let mut of_url = Adapter::from(service_fn(move |request: Request| respond(url_router.clone(), request)));
    let whole_responses = service_fn(move |LambdaEvent { payload, context }: LambdaEvent<EndpointEvent>| {
        let response: Pin<Box<dyn Future<Output = _> + Send>> = match payload {
            EndpointEvent::Proxy(event) => {
                let form = event.header_form();
                let request = event.into_request(&context).map_err(Diagnostic::from);
                let router = router.clone();
                Box::pin(async move {
                    let Ok(response) = respond(router, request?).await;
                    Ok(EndpointResponse::Proxy(ProxyResponse::new(response.into_response().await, form)))
                })
            }
            EndpointEvent::Url(request) => {
                let response = of_url.call(LambdaEvent::new(*request, context));
                Box::pin(async move {
                    let Ok(response) = response.await;
                    Ok::<_, Diagnostic>(EndpointResponse::Url(response))
                })
            }
        };
        response
    });
    let runtime = Runtime::new(whole_responses);
    match streaming {
        Some(router) => {
            let runtime = runtime.layer(layer_fn(|inner| StreamingService::new(inner, router.clone())));
            runtime.layer(TracingLayer::new()).run().await
        }
        None => runtime.layer(TracingLayer::new()).run().await,
    }
}

/// Runs a request as part of its invocation, so that its calls inherit deadline and trace.
async fn respond(mut router: Router, request: Request) -> std::result::Result<ExactResponse, Infallible> {
    let context = request.lambda_context_ref().cloned().map(Context::from);
    // A router is always ready.
    let response = router.call(request);
    let response = match context {
        Some(context) => caller::scope(&context, response).await,
        None => response.await,
    };
    response.map(ExactResponse)
}
