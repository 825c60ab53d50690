//! `#[bedrock::test]`: runs an `async fn` that takes the app as an ordinary test, and references the Rust workers so
//! that they are linked.

use bedrock_build::{Language, WorkerIndex};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ItemFn;

use crate::{invoke, worker_index};

pub(crate) fn expand(arguments: &TokenStream, item: &ItemFn) -> syn::Result<TokenStream> {
    const SIGNATURE: &str = "a test of an app must be `async fn NAME(app: bedrock::test::App)`";
    if !arguments.is_empty() {
        return Err(syn::Error::new_spanned(arguments, "`#[bedrock::test]` takes no arguments"));
    }
    if item.sig.asyncness.is_none() {
        return Err(syn::Error::new_spanned(item.sig.fn_token, SIGNATURE));
    }
    if item.sig.inputs.len() != 1 {
        let message = format!("{SIGNATURE}\nhelp: start a second app with `App::start()?`");
        return Err(syn::Error::new_spanned(&item.sig.ident, message));
    }
    let index = worker_index::load(Span::call_site())?;
    let workers = worker_types(&index)?;
    let ItemFn { attrs, vis, sig, block } = item;
    let name = &sig.ident;
    let inputs = &sig.inputs;
    let output = &sig.output;
    Ok(quote! {
        #[::core::prelude::v1::test]
        #(#attrs)*
        #vis fn #name() {
            async fn body(#inputs) #output #block
            ::bedrock::__private::v1::test(&::bedrock::__app!(#(#workers),*), body)
        }
    })
}

/// Returns the types of the Rust workers that this crate can reference: its dependencies, and, in an integration test
/// of a worker, that worker.
fn worker_types(index: &WorkerIndex) -> syn::Result<Vec<TokenStream>> {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let package = variable("CARGO_PKG_NAME");
    let own = (variable("CARGO_CRATE_NAME") != package.replace('-', "_")).then_some(package);
    let rust_workers = index.entries.iter().filter(|entry| entry.language == Language::Rust);
    let crates = rust_workers.filter_map(|entry| {
        let own = own.as_deref().filter(|own| *own == entry.name);
        Some((&entry.name, entry.krate.as_deref().or(own)?))
    });
    crates.map(|(name, krate)| invoke::type_path(name, krate, Span::call_site())).collect()
}
