//! `workers!()`: the module `workers`, with the types of each worker that has a contract.

use std::str::FromStr;

use bedrock_build::contract::rust_module;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};

use crate::worker_index;

pub(crate) fn expand(arguments: &TokenStream) -> syn::Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(syn::Error::new_spanned(arguments.to_token_stream(), "`workers!` takes no arguments"));
    }
    let index = worker_index::load(Span::call_site())?;
    let mut modules = TokenStream::new();
    for entry in &index.entries {
        let Some(worker_contract) = worker_index::contract(entry, Span::call_site())? else { continue };
        let module = TokenStream::from_str(&rust_module(&entry.name, &worker_contract.contract)).map_err(|error| {
            let message = format!("the contract of `{}` has names that are not valid in Rust: {error}", entry.name);
            syn::Error::new(Span::call_site(), message)
        })?;
        let watch = worker_contract.watch();
        modules.extend(quote!(#module #watch));
    }
    Ok(quote! {
        /// The types of the workers' contracts.
        #[allow(
            dead_code,
            missing_docs,
            non_camel_case_types,
            unreachable_pub,
            clippy::all,
            clippy::pedantic,
            reason = "the contracts name the types, and one crate does not use all of them"
        )]
        pub mod workers { #modules }
    })
}
