//! `#[bedrock::main]`: runs `async fn main` in the runtime, and references every Rust worker so that it is linked.

use bedrock_build::{Language, Problem, WorkerEntry, WorkerIndex};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ItemFn;

use crate::{invoke, worker_index};

pub(crate) fn expand(arguments: &TokenStream, item: &ItemFn) -> syn::Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(syn::Error::new_spanned(arguments, "`#[bedrock::main]` takes no arguments"));
    }
    if item.sig.asyncness.is_none() {
        return Err(syn::Error::new_spanned(
            item.sig.fn_token,
            "the main function of an app must be `async fn main()`",
        ));
    }
    if !item.sig.inputs.is_empty() {
        return Err(syn::Error::new_spanned(&item.sig.inputs, "the main function takes no arguments"));
    }
    let index = worker_index::load(Span::call_site())?;
    let workers = worker_types(&index)?;
    let ItemFn { attrs, vis, sig, block } = item;
    let name = &sig.ident;
    let output = &sig.output;
    Ok(quote! {
        #(#attrs)*
        #vis fn #name() -> ::std::process::ExitCode {
            async fn body() #output #block
            ::bedrock::__private::v1::main(::bedrock::__app!(#(#workers),*), body())
        }
    })
}

/// Returns the types of all Rust workers, or an error for each Rust worker that is not a dependency of this crate.
fn worker_types(index: &WorkerIndex) -> syn::Result<Vec<TokenStream>> {
    let mut paths = Vec::new();
    let mut errors: Option<syn::Error> = None;
    let mut add_error = |error: syn::Error| match &mut errors {
        Some(errors) => errors.combine(error),
        None => errors = Some(error),
    };
    for entry in index.entries.iter().filter(|entry| entry.language == Language::Rust) {
        match &entry.krate {
            None => add_error(worker_index::problem_error(Span::call_site(), &not_a_dependency(entry))),
            Some(krate) => match invoke::type_path(&entry.name, krate, Span::call_site()) {
                Ok(path) => paths.push(quote_spanned!(Span::call_site()=> #path)),
                Err(error) => add_error(error),
            },
        }
    }
    errors.map_or(Ok(paths), Err)
}

fn not_a_dependency(entry: &WorkerEntry) -> Problem {
    let WorkerEntry { name, dir, .. } = entry;
    Problem::new(format!("the Rust worker `{name}` is not a dependency of this crate"))
        .help(format!("add `{name} = {{ path = \"{dir}\" }}` to `[dependencies]` in `Cargo.toml`"))
}
