//! The composition root: chooses the transport of this process, and runs the `main` of an app. The only module that
//! names both the local runtime and the remote transport.

use std::future::Future;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

#[cfg(all(not(feature = "aws-sdk"), not(bedrock_lambda)))]
use crate::Error;
use crate::main_result::{MainResult, exit_code};
use bedrock_model::transport::{Call, Reply, Transport};

#[cfg(not(bedrock_lambda))]
use bedrock_local::AppInfo;

static TRANSPORT: OnceLock<Arc<dyn Transport>> = OnceLock::new();
/// Set by the first test of an app.
#[cfg(not(bedrock_lambda))]
static TEST_INTERCEPTOR: OnceLock<TestInterceptor> = OnceLock::new();
/// Set before `main` by programs that contain a reachable `invoke!`, see [`crate::__announce`].
static OPENER: OnceLock<fn()> = OnceLock::new();

/// Takes a call that is part of a test. Returns any other call unchanged.
#[cfg(not(bedrock_lambda))]
pub(crate) type TestInterceptor = fn(Call) -> Result<Reply, Call>;

/// The app, as its `main` knows it on Lambda.
#[cfg(bedrock_lambda)]
#[derive(Clone, Copy)]
pub struct AppInfo {
    /// The app's name.
    pub name: &'static str,
}

/// Makes a call. If the call is part of a test it goes to the app of that test.
pub(crate) fn call(call: Call) -> Reply {
    #[cfg(not(bedrock_lambda))]
    let call = match TEST_INTERCEPTOR.get() {
        Some(intercept) => match intercept(call) {
            Ok(reply) => return reply,
            Err(call) => call,
        },
        None => call,
    };
    transport().call(call)
}

/// Passes all calls to `interceptor` first. Only tests call this, so that other programs do not link the test support.
#[cfg(not(bedrock_lambda))]
pub(crate) fn set_test_interceptor(interceptor: TestInterceptor) {
    let _ = TEST_INTERCEPTOR.set(interceptor);
}

/// Registers this program as one that makes calls.
///
/// [`open`] must not name the transport itself. Otherwise the linker would keep the client, with all of TLS, in workers
/// that make no calls.
#[cfg(bedrock_lambda)]
pub(crate) fn register_caller() {
    let _ = OPENER.set(|| transport().open());
}

/// Connects in the background, in programs that make calls. Must be called inside an async runtime.
pub(crate) fn open() {
    if let Some(open) = OPENER.get() {
        open();
    }
}

/// Runs the body of an app's `main`.
pub(crate) fn main<F>(app: AppInfo, body: F) -> ExitCode
where
    F: Future,
    F::Output: MainResult,
{
    crate::config::set_app(app.name);
    #[cfg(not(bedrock_lambda))]
    if !on_lambda() {
        return crate::local::main(app, body, install);
    }
    let memory = std::env::var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").ok();
    let threads = crate::limits::available_parallelism(memory.as_deref());
    match tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build() {
        Ok(runtime) => exit_code(runtime.block_on(async {
            open();
            body.await
        })),
        Err(error) => exit_code(Err(format!("failed to start the async runtime: {error}"))),
    }
}

/// Sets the transport of this process. Only the first call has an effect.
#[cfg(not(bedrock_lambda))]
fn install(local: Arc<dyn Transport>) {
    let _ = TRANSPORT.set(with_aws(local));
}

fn transport() -> &'static Arc<dyn Transport> {
    TRANSPORT.get_or_init(default_transport)
}

#[cfg(bedrock_lambda)]
fn default_transport() -> Arc<dyn Transport> {
    crate::remote::from_env()
}

#[cfg(not(bedrock_lambda))]
fn default_transport() -> Arc<dyn Transport> {
    if on_lambda() { not_built_for_lambda() } else { with_aws(crate::local::detached_transport()) }
}

/// Adds the remote transport: with the feature `aws-sdk` some calls go to AWS.
#[cfg(all(feature = "aws-sdk", not(bedrock_lambda)))]
fn with_aws(local: Arc<dyn Transport>) -> Arc<dyn Transport> {
    let workers = crate::config().workers.clone();
    Arc::new(crate::remote::hybrid_transport::HybridTransport { local, remote: crate::remote::from_env(), workers })
}

#[cfg(all(not(feature = "aws-sdk"), not(bedrock_lambda)))]
fn with_aws(local: Arc<dyn Transport>) -> Arc<dyn Transport> {
    local
}

/// With the feature `aws-sdk` a program can make calls on Lambda without a Lambda build.
#[cfg(all(feature = "aws-sdk", not(bedrock_lambda)))]
fn not_built_for_lambda() -> Arc<dyn Transport> {
    crate::remote::from_env()
}

#[cfg(all(not(feature = "aws-sdk"), not(bedrock_lambda)))]
fn not_built_for_lambda() -> Arc<dyn Transport> {
    Arc::new(NotBuiltForLambda)
}

/// Fails all calls of a program that was built by a plain `cargo build` and deployed without `cargo bedrock`.
#[cfg(all(not(feature = "aws-sdk"), not(bedrock_lambda)))]
struct NotBuiltForLambda;

#[cfg(all(not(feature = "aws-sdk"), not(bedrock_lambda)))]
impl Transport for NotBuiltForLambda {
    fn call(&self, call: Call) -> Reply {
        let error = Error::Transport {
            worker: call.target.as_str().to_owned(),
            message: "this program was not built for Lambda; build it with `cargo bedrock build`".to_owned(),
            may_have_run: false,
        };
        Box::pin(async move { Err(error) })
    }
}

/// Whether this process is a Lambda function: the address of the Runtime API is in its environment.
pub(crate) fn on_lambda() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}
