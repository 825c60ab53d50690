//! `#[bedrock::worker]`: implements the name and constructor of a worker, and submits it to the registry of local
//! workers.

use bedrock_build::contract::{FILE_NAME, differences};
use bedrock_build::{Language, WorkerEntry};
use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Fields, Ident, Item, ItemStruct, Path, Token};

use crate::worker_index;

/// How many differences between types and file a message has.
const MAX_SHOWN_DIFFERENCES: usize = 5;

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
    let contract = check_contract(&name, ident);
    let durable = check_durable(&name, ident);
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
        #contract
        #durable
    })
}

/// Returns an item that compares the code with the setting `durable`. Empty outside of the crate of a worker.
fn check_durable(name: &str, ident: &Ident) -> TokenStream {
    let Some(entry) = own_entry(name, ident.span()) else { return TokenStream::new() };
    let has_setting = entry.durable.is_some();
    quote_spanned! {ident.span()=>
        const _: () =
            ::bedrock::__private::v1::assert_durable(#has_setting, <#ident as ::bedrock::Worker>::IS_DURABLE);
    }
}

/// Returns the worker in the index, in the crate of this worker.
fn own_entry(name: &str, span: Span) -> Option<WorkerEntry> {
    if std::env::var("CARGO_PKG_NAME").as_deref() != Ok(name) {
        return None;
    }
    let index = worker_index::load(span).ok()?;
    index.get(name).filter(|entry| entry.language == Language::Rust).cloned()
}

/// Returns an error at the struct if the worker's `contract.json` is not that of its types. Without the file, or without
/// types with `#[bedrock::contract]`, the types are not read.
fn check_contract(name: &str, ident: &Ident) -> TokenStream {
    let span = ident.span();
    let Some(entry) = own_entry(name, span) else { return TokenStream::new() };
    let file = match worker_index::contract(&entry, span) {
        Ok(Some(file)) => file,
        Ok(None) => return TokenStream::new(),
        Err(error) => return error.into_compile_error(),
    };
    let watch = file.watch();
    let root = std::env::var("BEDROCK_ROOT").unwrap_or_default();
    let root = std::path::Path::new(&root);
    // What cannot be read is an error of `#[bedrock::contract]`, at its token.
    let Ok(Some(code)) = bedrock_rust_types::read_crate(root, &root.join(&entry.dir), name, |_| None) else {
        return watch;
    };
    let lines = differences(&file.contract, &code);
    if lines.is_empty() {
        return watch;
    }
    let shown = lines.into_iter().take(MAX_SHOWN_DIFFERENCES).collect::<Vec<_>>().join("; ");
    let message = format!(
        "`{}/{FILE_NAME}` is not the contract of this worker: {shown}\nhelp: run `cargo bedrock contracts`",
        entry.dir
    );
    let error = syn::Error::new(span, message).into_compile_error();
    quote!(#watch #error)
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
