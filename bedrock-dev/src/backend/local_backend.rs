//! The backend of Lambda's API: synchronous calls go to the functions, events to the queue.

use std::sync::Arc;
use std::time::SystemTime;

use bedrock_build::Language;
use bedrock_build::settings::Cors;
use bedrock_local::WorkerContracts;
use bedrock_local::durable::DurableService;
use bedrock_model::{
    Accepted, AdmissionError, ApiError, Backend, Caller, Error, Execution, ExecutionError, ExecutionStart,
    FunctionInfo, IamIdentity, Invocation, Reply, RoutedRequest, UrlError, UrlRequest,
};

use super::endpoint::ENDPOINT;
use super::function_registry::FunctionRegistry;
use crate::Clock;
use crate::api_gateway::HttpApi;
use crate::async_queue::{AsyncEvent, AsyncQueue};
use crate::function_url::UrlAccess;

/// Admits calls to the functions of an app, runs them, and accepts events into the queue.
pub(crate) struct LocalBackend {
    pub(crate) functions: Arc<FunctionRegistry>,
    pub(crate) queue: Arc<AsyncQueue>,
    pub(crate) clock: Clock,
    /// The CORS configuration of the endpoint's URL.
    pub(crate) endpoint_cors: Option<Cors>,
    /// Whose requests the endpoint's URL accepts.
    pub(crate) endpoint_url: UrlAccess,
    /// The endpoint's HTTP API, in place of its URL.
    pub(crate) endpoint_api: Option<HttpApi>,
    /// Whether the endpoint's URL streams responses.
    pub(crate) endpoint_streams: bool,
    pub(crate) contracts: Arc<WorkerContracts>,
    /// The durable executions; `None` if the app has no durable worker.
    pub(crate) durable: Option<Arc<DurableService>>,
}

impl Backend for LocalBackend {
    fn functions(&self) -> Vec<FunctionInfo> {
        self.functions.list()
    }

    fn find(&self, name: &str) -> Result<FunctionInfo, Error> {
        self.functions.find(name)
    }

    fn arn(&self, name: &str) -> String {
        self.functions.arn(name)
    }

    fn admit(
        &self,
        caller: Caller<'_>,
        function: &FunctionInfo,
        invocation: &Invocation,
    ) -> Result<(), AdmissionError> {
        self.functions.policy().admit(caller, function, invocation)
    }

    fn cors(&self, function: &FunctionInfo) -> Option<&Cors> {
        self.endpoint_cors.as_ref().filter(|_| function.worker == ENDPOINT)
    }

    fn authorize_url(
        &self,
        function: &FunctionInfo,
        request: &UrlRequest<'_>,
    ) -> Result<Option<IamIdentity>, UrlError> {
        if function.worker != ENDPOINT {
            return Ok(None);
        }
        // Clients sign with the time of their clock, not with that of `--clock`.
        self.endpoint_url.authorize(request, SystemTime::now())
    }

    fn route(
        &self,
        function: &FunctionInfo,
        request: &UrlRequest<'_>,
        path: &str,
    ) -> Option<Result<RoutedRequest, ApiError>> {
        let api = self.endpoint_api.as_ref().filter(|_| function.worker == ENDPOINT)?;
        Some(api.route(request, path, &self.endpoint_url, SystemTime::now()))
    }

    fn streams(&self, function: &FunctionInfo) -> bool {
        match function.language {
            _ if function.worker == ENDPOINT => self.endpoint_streams,
            // On AWS they have no URL whose invoke mode could differ, and one that does not stream answers as a whole.
            Language::JavaScript => true,
            Language::Python | Language::Rust => false,
        }
    }

    fn run(&self, function: &FunctionInfo, invocation: Invocation) -> Reply {
        let worker = function.worker.clone();
        if function.durable.is_some() {
            let execution = self.execute(function, ExecutionStart { invocation, name: None, waits: true });
            return Box::pin(async move {
                let reply = execution.await.map_err(|error| error.into_call_error(&worker))?;
                reply.outcome.unwrap_or_else(|| Ok("null".into()))
            });
        }
        // The hosts of the other languages check their calls themselves.
        if function.language != Language::Rust {
            return self.functions.run(function, invocation);
        }
        if let Err(error) = self.contracts.check_event(&worker, &invocation.event) {
            return Box::pin(std::future::ready(Err(error)));
        }
        let contracts = Arc::clone(&self.contracts);
        let reply = self.functions.run(function, invocation);
        Box::pin(async move {
            let response = reply.await?;
            contracts.check_response(&worker, &response).map(|()| response)
        })
    }

    fn accept(&self, function: &FunctionInfo, invocation: Invocation) -> Accepted {
        if let Err(error) = self.contracts.check_event(&function.worker, &invocation.event) {
            return Box::pin(std::future::ready(Err(error)));
        }
        if function.durable.is_some() {
            let worker = function.worker.clone();
            let execution = self.execute(function, ExecutionStart { invocation, name: None, waits: false });
            return Box::pin(async move { execution.await.map(drop).map_err(|error| error.into_call_error(&worker)) });
        }
        let event = AsyncEvent {
            id: invocation.request_id,
            worker: function.worker.clone(),
            arn: function.arn.clone(),
            payload: invocation.event,
            trace: invocation.trace,
            rules: self.functions.retry_rules(&function.worker),
            accepted: self.clock.now(),
            attempts: 0,
            refusals: 0,
        };
        let queue = Arc::clone(&self.queue);
        Box::pin(async move {
            let worker = event.worker.clone();
            let accepted = queue.on_thread(move |queue| queue.accept(&event)).await;
            accepted.map_err(|error| Error::Transport { worker, message: error.to_string(), may_have_run: false })
        })
    }

    fn execute(&self, function: &FunctionInfo, start: ExecutionStart) -> Execution {
        let Some(durable) = self.durable.clone() else {
            let message = format!("worker `{}` is not durable; restart `cargo bedrock dev`", function.worker);
            let error = ExecutionError { exception: "InvalidParameterValueException", status: 400, message };
            return Box::pin(std::future::ready(Err(error)));
        };
        Box::pin(durable.execute(function.clone(), start))
    }
}
