//! The catalog as the compiler of this crate sees it: from the build script, and from the disk where that is older.

use std::env;
use std::path::Path;

use bedrock_build::{App, Catalog, Entry, Problem, catalog};
use proc_macro2::Span;

/// The catalog that the build script handed over.
pub(crate) fn load(span: Span) -> syn::Result<Catalog> {
    let text = env::var(catalog::VARIABLE).map_err(|_| {
        syn::Error::new(
            span,
            "this crate has no catalog of workers\n\
             help: add a `build.rs` with `fn main() { bedrock_build::emit() }`\n\
             help: and `bedrock-build` to `[build-dependencies]`",
        )
    })?;
    Catalog::decode(&text).ok_or_else(|| {
        let name = catalog::VARIABLE;
        syn::Error::new(span, format!("the catalog in `{name}` was written by another version of `bedrock-build`"))
    })
}

/// The worker that a literal names, or an error that says which one was meant or how to make it.
pub(crate) fn find(name: &str, span: Span) -> syn::Result<Entry> {
    let catalog = load(span)?;
    if let Some(entry) = catalog.get(name) {
        return Ok(entry.clone());
    }
    // A worker's build script does not run again when a folder is added, so look at the disk before refusing.
    let problem = match on_disk(name) {
        Some(Ok(entry)) => return Ok(entry),
        Some(Err(problem)) => problem,
        None => unknown(&catalog, name),
    };
    Err(error(span, &problem))
}

fn on_disk(name: &str) -> Option<Result<Entry, Problem>> {
    let app = App::open(Path::new(&env::var("BEDROCK_ROOT").ok()?)).ok()?;
    if let Err(problem) = app.worker(name) {
        return Some(Err(problem));
    }
    let catalog = Catalog::of(&app, Path::new(&env::var("CARGO_MANIFEST_DIR").ok()?)).ok()?;
    catalog.get(name).cloned().map(Ok)
}

fn unknown(catalog: &Catalog, name: &str) -> Problem {
    let problem = Problem::new(format!("no worker named `{name}` in this app"));
    match catalog.nearest(name) {
        Some(near) => problem.help(format!("a worker with a similar name exists: `{near}`")),
        None => problem.help(format!("make it with `cargo bedrock new worker {name}.rs` (or `.py`, `.js`)")),
    }
}

/// A problem as a compile error on `span`.
pub(crate) fn error(span: Span, problem: &Problem) -> syn::Error {
    let mut message = problem.message.clone();
    for line in &problem.help {
        message.push_str("\nhelp: ");
        message.push_str(line);
    }
    syn::Error::new(span, message)
}
