//! `#[bedrock::worker]`: implements the name and constructor of a worker, and submits it to the registry of local
//! workers.

use bedrock_build::Language;
use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Fields, Ident, Item, ItemStruct, Path, Token};

use crate::worker_index;

/// The arguments: none, or `init = path::to::an_async_function`.
pub(crate) struct Arguments {
    init: Option<Path>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Ok(Self { init: None });
        }
        let key: Ident = input.parse()?;
        if key != "init" {
            return Err(syn::Error::new(
                key.span(),
                format!("unknown option `{key}`\nhelp: the only option is `init`"),
            ));
        }
        input.parse::<Token![=]>()?;
        let init = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        if !input.is_empty() {
            return Err(input.error("`#[bedrock::worker]` takes nothing after `init`"));
        }
        Ok(Self { init: Some(init) })
    }
}

pub(crate) fn expand(arguments: &Arguments, item: &Item) -> syn::Result<TokenStream> {
    let Item::Struct(item) = item else {
        return Err(syn::Error::new(item_span(item), "`#[bedrock::worker]` must be on the struct of the worker"));
    };
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new(item.generics.span(), "the struct of a worker cannot be generic"));
    }
    let ident = &item.ident;
    let name = worker_name(ident)?;
    let construct = constructor(arguments, item);
    let app = std::env::var("BEDROCK_APP").ok();
    let app =
        app.map_or_else(|| quote!(::core::option::Option::None), |app| quote!(::core::option::Option::Some(#app)));
    Ok(quote! {
        #item
        impl ::bedrock::Registered for #ident {
            const NAME: &'static str = #name;
            const APP: ::core::option::Option<&'static str> = #app;
            async fn construct() -> ::bedrock::Result<Self> { #construct }
        }
        ::bedrock::__register!(#ident);
    })
}

fn constructor(arguments: &Arguments, item: &ItemStruct) -> TokenStream {
    match (&arguments.init, &item.fields) {
        (Some(init), _) => quote_spanned!(init.span()=> ::core::result::Result::Ok(#init().await?)),
        (None, Fields::Unit) => quote!(::core::result::Result::Ok(Self)),
        (None, _) => {
            let span = item.ident.span();
            quote_spanned!(span=> ::core::result::Result::Ok(<Self as ::core::default::Default>::default()))
        }
    }
}

/// Returns the name of the worker.
///
/// In the crate of a worker the struct must be named after the folder, because typed calls expect that. The name of the
/// folder cannot be derived from the name of the struct: both `step_2` and `step2` become `Step2`.
fn worker_name(ident: &Ident) -> syn::Result<String> {
    let from_struct = ident.to_string().to_snake_case();
    let Ok(package) = std::env::var("CARGO_PKG_NAME") else { return Ok(from_struct) };
    let Ok(index) = worker_index::load(Span::call_site()) else { return Ok(from_struct) };
    if index.get(&package).is_none_or(|entry| entry.language != Language::Rust) {
        return Ok(from_struct);
    }
    let expected = package.to_upper_camel_case();
    if *ident == expected {
        return Ok(package);
    }
    Err(syn::Error::new(
        ident.span(),
        format!("the struct of the worker `{package}` must be named `{expected}`, found `{ident}`"),
    ))
}

fn item_span(item: &Item) -> Span {
    match item {
        Item::Enum(item) => item.ident.span(),
        Item::Fn(item) => item.sig.ident.span(),
        Item::Impl(item) => item.impl_token.span,
        Item::Trait(item) => item.ident.span(),
        Item::Union(item) => item.ident.span(),
        other => other.span(),
    }
}
