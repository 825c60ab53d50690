//! `workers!()`: the module `workers`, with the types of each worker that has a contract and that the crate mentions.

use std::str::FromStr;

use bedrock_build::contract::rust_module;
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;

use crate::crate_sources::CrateSources;
use crate::worker_index;

/// `workers!()`, or `workers!(resizer, labeller)` with the workers whose types are declared.
pub(crate) struct Arguments(Vec<Ident>);

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let names = Punctuated::<Ident, syn::Token![,]>::parse_terminated(input)
            .map_err(|error| syn::Error::new(error.span(), "`workers!` takes names of workers: `workers!(resizer)`"))?;
        Ok(Self(names.into_iter().collect()))
    }
}

pub(crate) fn expand(arguments: &Arguments) -> syn::Result<TokenStream> {
    let index = worker_index::load(Span::call_site())?;
    for name in &arguments.0 {
        worker_index::find(&name.to_string(), name.span())?;
    }
    // A module of a worker that the crate does not use would make cargo compile the crate when its contract changes.
    let sources = if arguments.0.is_empty() { CrateSources::read() } else { None };
    let is_declared = |worker: &str| match &sources {
        Some(sources) => sources.mention(worker),
        None => arguments.0.is_empty() || arguments.0.iter().any(|name| name == worker),
    };
    let mut modules = TokenStream::new();
    for entry in index.entries.iter().filter(|entry| is_declared(&entry.name)) {
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
