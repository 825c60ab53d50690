//! The macros of cargo bedrock. Use them through `bedrock`: `bedrock::invoke!`, `#[bedrock::worker]`,
//! `#[bedrock::main]`, `#[bedrock::contract]`, `bedrock::workers!`.
//!
//! Each file has a function `expand`, which takes the parsed input and returns tokens, or an error at the wrong token.
//! Reading the app from disk is left to [`bedrock_build`].

#![forbid(unsafe_code)]

mod call_site;
mod contract;
mod crate_sources;
mod invoke;
mod json_literal;
mod main_fn;
mod test_fn;
mod worker;
mod worker_index;
mod workers;

use proc_macro::TokenStream;

/// Calls a worker: `invoke!(worker, payload)` or `invoke!(worker, payload, require_response = true)`.
///
/// See `bedrock::invoke!` for the forms, the types and the errors.
#[proc_macro]
pub fn invoke(input: TokenStream) -> TokenStream {
    let call = syn::parse_macro_input!(input as invoke::Call);
    invoke::expand(&call).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Declares the module `workers` with the types of the workers' contracts.
///
/// See `bedrock::workers!`.
#[proc_macro]
pub fn workers(input: TokenStream) -> TokenStream {
    let arguments = syn::parse_macro_input!(input as workers::Arguments);
    workers::expand(&arguments).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Registers a Rust worker. Apply it to the struct: `#[bedrock::worker]` or `#[bedrock::worker(init = path)]`.
///
/// See `bedrock::Worker`.
#[proc_macro_attribute]
pub fn worker(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = syn::parse_macro_input!(arguments as worker::Arguments);
    let item = syn::parse_macro_input!(item as syn::Item);
    // The item is always kept, so that its uses do not cause further errors.
    worker::expand(&arguments, &item)
        .unwrap_or_else(|error| {
            let error = error.into_compile_error();
            quote::quote!(#item #error)
        })
        .into()
}

/// Makes a struct or an enum a type of the worker's contract. Takes no arguments.
///
/// See `bedrock::contract`.
#[proc_macro_attribute]
pub fn contract(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(item as syn::Item);
    contract::expand(&arguments.into(), item).into()
}

/// Makes `async fn main` the endpoint of the app. Takes no arguments.
///
/// See `bedrock::serve`.
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(item as syn::ItemFn);
    // Without a `main`, the compiler would report a second error that does not help.
    main_fn::expand(&arguments.into(), &item)
        .unwrap_or_else(|error| {
            let name = &item.sig.ident;
            let error = error.into_compile_error();
            quote::quote!(fn #name() {} #error)
        })
        .into()
}

/// Makes an `async fn` a test that receives the complete app. Takes no arguments.
///
/// See `bedrock::test`.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(item as syn::ItemFn);
    test_fn::expand(&arguments.into(), &item).unwrap_or_else(syn::Error::into_compile_error).into()
}
