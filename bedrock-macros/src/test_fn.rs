//! `#[bedrock::test]`: an ordinary test around an `async fn` that takes the app, with the Rust workers named, so that they
//! are linked.

use bedrock_build::{Catalog, Language};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ItemFn;

use crate::{catalog, invoke};

pub(crate) fn expand(arguments: &TokenStream, item: &ItemFn) -> syn::Result<TokenStream> {
    const SHAPE: &str = "a test of an app is `async fn NAME(app: bedrock::test::App)`";
    if !arguments.is_empty() {
        return Err(syn::Error::new_spanned(arguments, "`#[bedrock::test]` takes no arguments"));
    }
    if item.sig.asyncness.is_none() {
        return Err(syn::Error::new_spanned(item.sig.fn_token, SHAPE));
    }
    if item.sig.inputs.len() != 1 {
        let message = format!("{SHAPE}\nhelp: a test that wants another app as well starts it with `App::start()?`");
        return Err(syn::Error::new_spanned(&item.sig.ident, message));
    }
    let catalog = catalog::load(Span::call_site())?;
    let workers = workers(&catalog)?;
    let ItemFn { attrs, vis, sig, block } = item;
    let (name, inputs, output) = (&sig.ident, &sig.inputs, &sig.output);
    Ok(quote! {
        #[::core::prelude::v1::test]
        #(#attrs)*
        #vis fn #name() {
            async fn body(#inputs) #output #block
            ::bedrock::__private::v1::test(&::bedrock::__app!(#(#workers),*), body)
        }
    })
}

/// The types of the Rust workers that this crate can name: those it depends on, and its own in a test beside its library.
fn workers(catalog: &Catalog) -> syn::Result<Vec<TokenStream>> {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let (package, compiled) = (variable("CARGO_PKG_NAME"), variable("CARGO_CRATE_NAME"));
    let own = (compiled != package.replace('-', "_")).then_some(package);
    let rust = catalog.entries.iter().filter(|entry| entry.language == Language::Rust);
    let named = rust.filter_map(|entry| {
        let own = own.as_deref().filter(|own| *own == entry.name);
        Some((&entry.name, entry.krate.as_deref().or(own)?))
    });
    named.map(|(name, krate)| invoke::type_path(name, krate, Span::call_site())).collect()
}
