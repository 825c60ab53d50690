//! Items that the expansions of the macros use. They are not part of the public API and change without notice.

/// Version 1 of the items for expansions.
pub mod v1 {
    use std::future::Future;
    use std::process::ExitCode;

    pub use crate::invoke::{json, json_event, typed, typed_event};
    #[cfg(not(bedrock_lambda))]
    pub use crate::local::Registration;
    pub use crate::main_result::MainResult;
    #[cfg(bedrock_lambda)]
    pub use crate::runtime::AppInfo;
    #[cfg(not(bedrock_lambda))]
    pub use bedrock_local::AppInfo;
    #[cfg(not(bedrock_lambda))]
    pub use inventory;
    pub use {serde, serde_json};

    /// Deserializes a field that may be absent and may be `null`: a `null` is `Some(None)`.
    pub fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        D: serde::Deserializer<'de>,
        T: serde::Deserialize<'de>,
    {
        T::deserialize(deserializer).map(Some)
    }

    /// Keeps the byte that marks a call graph edge in the binary exactly as long as the call itself is in it.
    #[inline]
    pub fn edge(byte: &'static u8) {
        std::hint::black_box(byte);
    }

    /// Registers before `main` that this program makes calls, so that it can connect when it starts.
    #[cfg(bedrock_lambda)]
    pub extern "C" fn announce() {
        crate::runtime::register_caller();
    }

    /// Keeps the reference to [`announce`] in the binary exactly as long as the call next to it is in it.
    #[cfg(bedrock_lambda)]
    #[inline]
    pub fn keep(announcement: &'static extern "C" fn()) {
        std::hint::black_box(announcement);
    }

    /// Rejects a call through an alias at compile time, because its call graph edge would get the wrong name.
    pub const fn assert_name(worker: &str, called: &str) {
        let same = is_same(worker, called);
        assert!(same, "call the worker by its own name, not by an alias: its struct is called after its folder");
    }

    /// A type of a contract. `#[bedrock::contract]` implements it.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not a type of a contract",
        label = "has no `#[bedrock::contract]`",
        note = "put `#[bedrock::contract]` on its definition",
        note = "or say what it is in JSON: `#[contract(as = \"String\")]`, or `#[contract(format = \"date-time\")]`"
    )]
    pub trait ContractType {
        /// The name of the type.
        const NAME: &'static str;
    }

    /// Rejects another name for a type of a contract at compile time, because the contract is read by names.
    pub const fn assert_contract_type(name: &str, used: &str) {
        assert!(is_same(name, used), "use the type by its own name: a contract is read by names");
    }

    /// Rejects at compile time a worker whose code and settings do not agree on whether it is durable.
    pub const fn assert_durable(has_setting: bool, is_durable: bool) {
        assert!(
            is_durable || !has_setting,
            "the worker has the setting `durable`: implement `bedrock::durable::DurableWorker`, with the feature \
             `durable` of `bedrock-rt`"
        );
        assert!(
            has_setting || !is_durable,
            "the worker implements `DurableWorker`: add `durable = {{ timeout = \"30d\" }}` to its settings"
        );
    }

    const fn is_same(a: &str, b: &str) -> bool {
        let a = a.as_bytes();
        let b = b.as_bytes();
        let mut same = a.len() == b.len();
        let mut i = 0;
        while same && i < a.len() {
            same = a[i] == b[i];
            i += 1;
        }
        same
    }

    /// Runs the body of an app's `main`.
    pub fn main<F>(app: AppInfo, body: F) -> ExitCode
    where
        F: Future,
        F::Output: MainResult,
    {
        crate::runtime::main(app, body)
    }

    /// Runs a test of an app. Panics if the test returns an error.
    #[cfg(not(bedrock_lambda))]
    #[track_caller]
    pub fn test<F>(app: &AppInfo, body: impl FnOnce(crate::test::App) -> F)
    where
        F: Future,
        F::Output: MainResult,
    {
        crate::config::set_app(app.name);
        if let Some(error) = crate::test::run(app, body) {
            panic!("error: {error}");
        }
    }
}

/// Submits a worker to the registry of local workers.
#[cfg(not(bedrock_lambda))]
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($worker:ty) => {
        $crate::__private::v1::inventory::submit! { $crate::__private::v1::Registration::new::<$worker>() }
    };
}

/// Does nothing: a Lambda build has no registry of local workers.
#[cfg(bedrock_lambda)]
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($worker:ty) => {};
}

/// Describes the app, and refers to each Rust worker so that its crate is linked.
#[cfg(not(bedrock_lambda))]
#[doc(hidden)]
#[macro_export]
macro_rules! __app {
    ($($worker:ty),*) => {{
        $(let _ = <$worker as $crate::RegisteredWorker>::NAME;)*
        $crate::__private::v1::AppInfo::compiled(
            env!("BEDROCK_APP"),
            env!("BEDROCK_ROOT"),
            env!("BEDROCK_CATALOG"),
        )
    }};
}

/// Describes the app. A Lambda build refers to no worker, so none is linked.
#[cfg(bedrock_lambda)]
#[doc(hidden)]
#[macro_export]
macro_rules! __app {
    ($($worker:ty),*) => {
        $crate::__private::v1::AppInfo { name: env!("BEDROCK_APP") }
    };
}

/// Does nothing: the local runtime has no connection to open.
#[cfg(not(bedrock_lambda))]
#[doc(hidden)]
#[macro_export]
macro_rules! __announce {
    () => {};
}

/// Registers before `main` that the program makes calls: the C library runs the functions in `.init_array`.
///
/// Only the call itself refers to the static, so the static is in the binary exactly as long as the call is reachable.
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
