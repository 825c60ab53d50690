//! `#[bedrock::main]`: starts the runtime around `async fn main` and names every Rust worker, so that it is linked.

use bedrock_build::{Catalog, Entry, Language, Problem};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ItemFn;

use crate::{catalog, invoke};

pub(crate) fn expand(arguments: &TokenStream, item: &ItemFn) -> syn::Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(syn::Error::new_spanned(arguments, "`#[bedrock::main]` takes no arguments"));
    }
    if item.sig.asyncness.is_none() {
        return Err(syn::Error::new_spanned(item.sig.fn_token, "the main function of an app is `async fn main()`"));
    }
    if !item.sig.inputs.is_empty() {
        return Err(syn::Error::new_spanned(&item.sig.inputs, "the main function takes no arguments"));
    }
    let catalog = catalog::load(Span::call_site())?;
    let workers = workers(&catalog)?;
    let ItemFn { attrs, vis, sig, block } = item;
    let (name, output) = (&sig.ident, &sig.output);
    Ok(quote! {
        #(#attrs)*
        #vis fn #name() -> ::std::process::ExitCode {
            async fn body() #output #block
            ::bedrock::__private::v1::main(::bedrock::__app!(#(#workers),*), body())
        }
    })
}

/// The types of all Rust workers; an error for each one that is no dependency of this crate.
fn workers(catalog: &Catalog) -> syn::Result<Vec<TokenStream>> {
    let mut paths = Vec::new();
    let mut errors: Option<syn::Error> = None;
    let mut note = |error: syn::Error| match &mut errors {
        Some(errors) => errors.combine(error),
        None => errors = Some(error),
    };
    for entry in catalog.entries.iter().filter(|entry| entry.language == Language::Rust) {
        match &entry.krate {
            None => note(catalog::error(Span::call_site(), &not_a_dependency(entry))),
            Some(krate) => match invoke::type_path(&entry.name, krate, Span::call_site()) {
                Ok(path) => paths.push(quote_spanned!(Span::call_site()=> #path)),
                Err(error) => note(error),
            },
        }
    }
    errors.map_or(Ok(paths), Err)
}

fn not_a_dependency(entry: &Entry) -> Problem {
    let (name, dir) = (&entry.name, &entry.dir);
    Problem::new(format!("the Rust worker `{name}` is not a dependency of this crate"))
        .help(format!("add `{name} = {{ path = \"{dir}\" }}` to `[dependencies]` in `Cargo.toml`"))
}
