//! The workers of an app as a [`Backend`] of Lambda's API.

use std::sync::{Arc, Weak};

use bedrock_build::Language;
use bedrock_model::{Accepted, Backend, FunctionInfo, Invocation, Reply};

use super::dispatch::LocalApp;
use super::worker_info::{function_arn, stopping_error};
use bedrock_model::Error;

/// The workers of an app, as long as the app exists.
pub(super) struct LocalBackend(pub(super) Weak<LocalApp>);

impl LocalBackend {
    fn app(&self, worker: &str) -> Result<Arc<LocalApp>, Error> {
        self.0.upgrade().ok_or_else(|| stopping_error(worker))
    }
}

impl Backend for LocalBackend {
    fn functions(&self) -> Vec<FunctionInfo> {
        let app = self.0.upgrade();
        app.iter().flat_map(|app| app.infos()).map(|info| info.function_info()).collect()
    }

    fn find(&self, name: &str) -> Result<FunctionInfo, Error> {
        Ok(self.app(name)?.info(name)?.function_info())
    }

    fn arn(&self, name: &str) -> String {
        function_arn(name)
    }

    fn streams(&self, function: &FunctionInfo) -> bool {
        // A worker that does not stream answers as a whole.
        function.language == Language::JavaScript
    }

    fn run(&self, function: &FunctionInfo, invocation: Invocation) -> Reply {
        let app = self.app(&function.worker);
        let name = function.worker.clone();
        Box::pin(async move { app?.run_and_report_named(&name, invocation).await })
    }

    fn accept(&self, function: &FunctionInfo, invocation: Invocation) -> Accepted {
        let app = self.app(&function.worker);
        let name = function.worker.clone();
        Box::pin(async move {
            let app = app?;
            let info = app.info(&name)?;
            app.accept(&info, invocation);
            Ok(())
        })
    }
}
