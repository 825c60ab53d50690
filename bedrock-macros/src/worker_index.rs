//! The worker index for the crate that is being compiled: from the build script, or from disk where that is newer.

use std::env;
use std::path::{Path, PathBuf};

use bedrock_build::contract::{self, Contract};
use bedrock_build::worker_index::ENV_VARIABLE;
use bedrock_build::{App, Problem, WorkerEntry, WorkerIndex};
use proc_macro2::{Span, TokenStream};
use quote::quote;

/// Returns the index that the build script passed to the compiler.
pub(crate) fn load(span: Span) -> syn::Result<WorkerIndex> {
    let text = env::var(ENV_VARIABLE).map_err(|_| {
        syn::Error::new(
            span,
            "this crate has no worker index\n\
             help: add a `build.rs` with `fn main() { bedrock_build::emit() }`\n\
             help: and `bedrock-build` to `[build-dependencies]`",
        )
    })?;
    WorkerIndex::decode(&text).ok_or_else(|| {
        let message =
            format!("the worker index in `{ENV_VARIABLE}` was written by a different version of `bedrock-build`");
        syn::Error::new(span, message)
    })
}

/// Returns the worker called `name`, or an error that suggests a similar name or says how to create the worker.
pub(crate) fn find(name: &str, span: Span) -> syn::Result<WorkerEntry> {
    let index = load(span)?;
    if let Some(entry) = index.get(name).filter(|entry| !is_gone(entry)) {
        return Ok(entry.clone());
    }
    // The build script of a worker does not run again when another worker is added, so check the disk too.
    let problem = match find_on_disk(name) {
        Some(Ok(entry)) => return Ok(entry),
        Some(Err(problem)) => problem,
        None => unknown_worker(&index, name),
    };
    Err(problem_error(span, &problem))
}

/// Returns whether the folder of a worker no longer exists. Callers notice that before the build script when the worker has
/// a contract.
fn is_gone(entry: &WorkerEntry) -> bool {
    let Ok(root) = env::var("BEDROCK_ROOT") else { return false };
    let root = Path::new(&root);
    root.is_dir() && !root.join(&entry.dir).is_dir()
}

/// The contract of a worker, and the file that it is in.
pub(crate) struct WorkerContract {
    pub(crate) contract: Contract,
    path: PathBuf,
}

impl WorkerContract {
    /// Returns an item that makes cargo compile the crate again when the file changes.
    pub(crate) fn watch(&self) -> TokenStream {
        let path = self.path.display().to_string();
        quote!(
            const _: &[u8] = ::core::include_bytes!(#path);
        )
    }
}

/// Returns the contract of a worker, or `None` if the worker has none.
pub(crate) fn contract(entry: &WorkerEntry, span: Span) -> syn::Result<Option<WorkerContract>> {
    let Ok(root) = env::var("BEDROCK_ROOT") else { return Ok(None) };
    let dir = Path::new(&root).join(&entry.dir);
    let display_path = format!("{}/{}", entry.dir, contract::FILE_NAME);
    let read = contract::read_file(&dir, &display_path).map_err(|problems| {
        let mut errors = problems.iter().map(|problem| problem_error(span, problem));
        let first = errors.next().unwrap_or_else(|| syn::Error::new(span, "the contract cannot be read"));
        errors.fold(first, |mut all, error| {
            all.combine(error);
            all
        })
    })?;
    Ok(read.map(|contract| WorkerContract { contract, path: dir.join(contract::FILE_NAME) }))
}

/// Looks up a worker on disk. Returns `None` if the app cannot be read.
fn find_on_disk(name: &str) -> Option<Result<WorkerEntry, Problem>> {
    let app = App::open(Path::new(&env::var("BEDROCK_ROOT").ok()?)).ok()?;
    if let Err(problem) = app.worker(name) {
        return Some(Err(problem));
    }
    let index = WorkerIndex::of(&app, Path::new(&env::var("CARGO_MANIFEST_DIR").ok()?)).ok()?;
    index.get(name).cloned().map(Ok)
}

fn unknown_worker(index: &WorkerIndex, name: &str) -> Problem {
    let problem = Problem::new(format!("no worker named `{name}` in this app"));
    match index.suggest(name) {
        Some(similar) => problem.help(format!("a worker with a similar name exists: `{similar}`")),
        None => problem.help(format!("create it with `cargo bedrock new worker {name}.rs` (or `.py`, `.js`, `.ts`)")),
    }
}

/// Converts a problem to a compile error at `span`.
pub(crate) fn problem_error(span: Span, problem: &Problem) -> syn::Error {
    let mut message = problem.message.clone();
    for line in &problem.help {
        message.push_str("\nhelp: ");
        message.push_str(line);
    }
    syn::Error::new(span, message)
}
