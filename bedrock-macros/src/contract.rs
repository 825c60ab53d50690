//! `#[bedrock::contract]`: reads a type as the command does, and has the compiler check that its names mean what they
//! usually mean.

use bedrock_rust_types::item::WrittenType;
use bedrock_rust_types::{ContractItem, read_item, remove_attributes};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Item;
use syn::spanned::Spanned;

pub(crate) fn expand(arguments: &TokenStream, mut item: Item) -> TokenStream {
    let read = if arguments.is_empty() {
        read_item(&item)
    } else {
        Err(syn::Error::new_spanned(arguments, "`#[bedrock::contract]` takes no arguments"))
    };
    remove_attributes(&mut item);
    // The item is always kept, so that its uses do not cause further errors.
    let more = match read {
        Ok(read) => expand_item(&read),
        Err(error) => {
            let error = error.into_compile_error();
            let implementation = ident(&item).map(implementation);
            quote!(#implementation #error)
        }
    };
    quote!(#item #more)
}

fn ident(item: &Item) -> Option<&syn::Ident> {
    match item {
        Item::Struct(item) if item.generics.params.is_empty() => Some(&item.ident),
        Item::Enum(item) if item.generics.params.is_empty() => Some(&item.ident),
        _ => None,
    }
}

fn implementation(ident: &syn::Ident) -> TokenStream {
    let name = ident.to_string();
    quote! {
        impl ::bedrock::__private::v1::ContractType for #ident {
            const NAME: &'static str = #name;
        }
    }
}

fn expand_item(item: &ContractItem) -> TokenStream {
    let implementation = implementation(&item.ident);
    let checks = item.fields.iter().map(check);
    quote! {
        #implementation
        const _: () = { #(#checks)* };
    }
}

/// Checks the types of a field: the well-known ones are equal to themselves with full paths, the others have contracts.
fn check(field: &WrittenType) -> TokenStream {
    let WrittenType { written, read } = field;
    let same =
        read.path.as_ref().map(|path| quote_spanned!(written.span()=> const _: fn(#written) -> #path = |value| value;));
    let references = read.references.iter().map(|path| {
        let name = path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        quote_spanned!(path.span()=>
            const _: () = ::bedrock::__private::v1::assert_contract_type(
                <#path as ::bedrock::__private::v1::ContractType>::NAME,
                #name,
            );
        )
    });
    quote!(#same #(#references)*)
}
