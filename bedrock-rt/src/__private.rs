//! What the macros' expansions use. Not for people: it changes without notice.

/// Version 1 of what expansions may use.
pub mod v1 {
    use std::fmt::Display;
    use std::future::Future;
    use std::process::ExitCode;

    pub use crate::invoke::{json, json_event, typed, typed_event};
    #[cfg(not(bedrock_lambda))]
    pub use crate::local::{AppInfo, Registration};
    #[cfg(not(bedrock_lambda))]
    pub use inventory;

    /// Keeps the byte of a call's edge in the binary exactly as long as the call itself.
    #[inline]
    pub fn edge(byte: &'static u8) {
        std::hint::black_box(byte);
    }

    /// Says before `main` that this program makes calls, so that its start can open the connection.
    #[cfg(bedrock_lambda)]
    pub extern "C" fn announce() {
        crate::transport::announce();
    }

    /// Keeps the mention of [`announce`] in the binary exactly as long as the call beside it.
    #[cfg(bedrock_lambda)]
    #[inline]
    pub fn keep(announcement: &'static extern "C" fn()) {
        std::hint::black_box(announcement);
    }

    /// Refuses a call through an alias, whose edge would be named wrongly.
    pub const fn assert_name(worker: &str, called: &str) {
        let (a, b) = (worker.as_bytes(), called.as_bytes());
        let mut same = a.len() == b.len();
        let mut i = 0;
        while same && i < a.len() {
            same = a[i] == b[i];
            i += 1;
        }
        assert!(same, "call the worker by its own name, not by an alias: its struct is called after its folder");
    }

    /// What the body of an app's `main` may return.
    pub trait Outcome {
        /// The text of the error, if there was one.
        fn error(self) -> Option<String>;
    }

    impl Outcome for () {
        fn error(self) -> Option<String> {
            None
        }
    }

    impl<E: Display> Outcome for Result<(), E> {
        fn error(self) -> Option<String> {
            self.err().map(|error| error.to_string())
        }
    }

    /// The app as a Lambda function knows it.
    #[cfg(bedrock_lambda)]
    #[derive(Clone, Copy)]
    pub struct AppInfo {
        /// The app's name.
        pub name: &'static str,
    }

    /// Runs the body of an app's `main`.
    pub fn main<F>(app: AppInfo, body: F) -> ExitCode
    where
        F: Future,
        F::Output: Outcome,
    {
        crate::config::set_app(app.name);
        #[cfg(not(bedrock_lambda))]
        if !crate::transport::on_lambda() {
            return crate::local::main(app, body);
        }
        let memory = std::env::var("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").ok();
        let threads = crate::limits::processors(memory.as_deref());
        match tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build() {
            Ok(runtime) => finish(runtime.block_on(async {
                crate::transport::open();
                body.await
            })),
            Err(error) => finish(Err(format!("failed to start the async runtime: {error}"))),
        }
    }

    /// Runs a test of an app; an error of it is a panic.
    #[cfg(not(bedrock_lambda))]
    #[track_caller]
    pub fn test<F>(app: &AppInfo, body: impl FnOnce(crate::test::App) -> F)
    where
        F: Future,
        F::Output: Outcome,
    {
        crate::config::set_app(app.name);
        if let Some(error) = crate::test::run(app, body) {
            panic!("error: {error}");
        }
    }

    pub(crate) fn finish(outcome: impl Outcome) -> ExitCode {
        match outcome.error() {
            None => ExitCode::SUCCESS,
            Some(error) => {
                crate::run::complain(&format!("error: {error}"));
                ExitCode::FAILURE
            }
        }
    }
}

/// Submits a worker to the registry of local workers. In a Lambda build there is none.
#[cfg(not(bedrock_lambda))]
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($worker:ty) => {
        $crate::__private::v1::inventory::submit! { $crate::__private::v1::Registration::new::<$worker>() }
    };
}

/// Submits a worker to the registry of local workers. In a Lambda build there is none.
#[cfg(bedrock_lambda)]
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($worker:ty) => {};
}

/// What the app is, and a mention of each Rust worker so that its crate is linked.
#[cfg(not(bedrock_lambda))]
#[doc(hidden)]
#[macro_export]
macro_rules! __app {
    ($($worker:ty),*) => {{
        $(let _ = <$worker as $crate::Registered>::NAME;)*
        $crate::__private::v1::AppInfo::compiled(
            env!("BEDROCK_APP"),
            env!("BEDROCK_ROOT"),
            env!("BEDROCK_CATALOG"),
        )
    }};
}

/// What the app is. In a Lambda build no worker is mentioned, so none is linked.
#[cfg(bedrock_lambda)]
#[doc(hidden)]
#[macro_export]
macro_rules! __app {
    ($($worker:ty),*) => {
        $crate::__private::v1::AppInfo { name: env!("BEDROCK_APP") }
    };
}

/// Lets a call announce itself before `main`. A laptop has nothing to open.
#[cfg(not(bedrock_lambda))]
#[doc(hidden)]
#[macro_export]
macro_rules! __announce {
    () => {};
}

/// Lets a call announce itself before `main`: the C library calls what is in `.init_array`.
///
/// Nothing but the call itself mentions the static, so it is in the binary exactly as long as the call can be reached.
#[cfg(bedrock_lambda)]
#[doc(hidden)]
#[macro_export]
macro_rules! __announce {
    () => {
        #[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
        static ANNOUNCEMENT: extern "C" fn() = $crate::__private::v1::announce;
        $crate::__private::v1::keep(&ANNOUNCEMENT);
    };
}
