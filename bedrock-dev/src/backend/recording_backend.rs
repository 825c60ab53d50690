//! A decorator of a backend that records its invocations. Events that the backend accepts are recorded by the queue
//! that runs them.

use std::sync::Arc;

use bedrock_build::settings::Cors;
use bedrock_model::{
    Accepted, AdmissionError, ApiError, Backend, Caller, Error, Execution, ExecutionStart, FunctionInfo, IamIdentity,
    Invocation, Reply, RoutedRequest, UrlError, UrlRequest,
};

use crate::event_log::Recorder;

/// A backend whose invocations are published to the event log.
#[derive(Debug)]
pub struct RecordingBackend<B> {
    inner: Arc<B>,
    recorder: Recorder,
}

impl<B: Backend> RecordingBackend<B> {
    /// Records the invocations of `inner`.
    pub fn new(inner: Arc<B>, recorder: Recorder) -> Self {
        Self { inner, recorder }
    }
}

impl<B: Backend> Backend for RecordingBackend<B> {
    fn functions(&self) -> Vec<FunctionInfo> {
        self.inner.functions()
    }

    fn find(&self, name: &str) -> Result<FunctionInfo, Error> {
        self.inner.find(name)
    }

    fn arn(&self, name: &str) -> String {
        self.inner.arn(name)
    }

    fn admit(
        &self,
        caller: Caller<'_>,
        function: &FunctionInfo,
        invocation: &Invocation,
    ) -> Result<(), AdmissionError> {
        self.inner.admit(caller, function, invocation)
    }

    fn cors(&self, function: &FunctionInfo) -> Option<&Cors> {
        self.inner.cors(function)
    }

    fn authorize_url(
        &self,
        function: &FunctionInfo,
        request: &UrlRequest<'_>,
    ) -> Result<Option<IamIdentity>, UrlError> {
        self.inner.authorize_url(function, request)
    }

    fn route(
        &self,
        function: &FunctionInfo,
        request: &UrlRequest<'_>,
        path: &str,
    ) -> Option<Result<RoutedRequest, ApiError>> {
        self.inner.route(function, request, path)
    }

    fn streams(&self, function: &FunctionInfo) -> bool {
        self.inner.streams(function)
    }

    fn run(&self, function: &FunctionInfo, invocation: Invocation) -> Reply {
        // The invocations of an execution are recorded, and the execution is not one of them.
        if function.durable.is_some() {
            return self.inner.run(function, invocation);
        }
        let inner = Arc::clone(&self.inner);
        let recorder = self.recorder.clone();
        let function = function.clone();
        Box::pin(async move {
            recorder.run(&function, None, invocation, |invocation| inner.run(&function, invocation)).await
        })
    }

    fn accept(&self, function: &FunctionInfo, invocation: Invocation) -> Accepted {
        self.inner.accept(function, invocation)
    }

    fn execute(&self, function: &FunctionInfo, start: ExecutionStart) -> Execution {
        self.inner.execute(function, start)
    }
}
