//! The type of a field by its name: `Vec<Option<String>>`. Types of other crates have to say what they are in JSON.

use bedrock_build::contract::{MAX_SAFE_INTEGER, Range, StringFormat, Type};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned;
use syn::{GenericArgument, Ident, PathArguments, PathSegment};

use crate::attributes::Attributes;
use crate::error;

/// What a type in Rust is in JSON.
#[derive(Clone)]
pub struct FieldType {
    /// The type in the contract.
    pub ty: Type,
    /// The same type in Rust with full paths, which the compiler compares with the one that was written. `None` if an
    /// attribute says what the type is in JSON.
    pub path: Option<TokenStream>,
    /// The types with `#[bedrock::contract]` that it contains.
    pub references: Vec<syn::Path>,
}

/// Types of other crates that have a form in JSON, and how to say it.
const KNOWN: [(&str, &str); 14] = [
    ("Uuid", "add `#[contract(format = \"uuid\")]`"),
    ("DateTime", "add `#[contract(format = \"date-time\")]`"),
    ("OffsetDateTime", "use `String`, or add `#[contract(format = \"date-time\")]` if that is how serde writes it"),
    ("Timestamp", "add `#[contract(format = \"date-time\")]`"),
    ("NaiveDate", "add `#[contract(format = \"date\")]`"),
    ("Decimal", "add `#[contract(format = \"decimal\")]`"),
    ("Url", "add `#[contract(format = \"uri\")]`"),
    ("Duration", "use a number of seconds: `f64`"),
    ("SystemTime", "use `String` with `#[contract(format = \"date-time\")]`"),
    ("NaiveDateTime", "use `String` with `#[contract(format = \"date-time\")]`, which has an offset"),
    ("PathBuf", "use `String`"),
    ("Bytes", "use `String` with `#[contract(format = \"base64\")]`"),
    ("Result", "use an enum with `#[serde(tag = \"kind\")]`"),
    ("NonZeroU32", "use `u32`"),
];

impl FieldType {
    fn of(ty: Type, path: TokenStream) -> Self {
        Self { ty, path: Some(path), references: Vec::new() }
    }

    fn map(self, ty: impl FnOnce(Type) -> Type, path: impl FnOnce(TokenStream) -> TokenStream) -> Self {
        Self { ty: ty(self.ty), path: self.path.map(path), references: self.references }
    }
}

/// Returns the help for a type that has no `#[bedrock::contract]`.
pub(crate) fn help_for(name: &str) -> &'static str {
    let known = KNOWN.iter().find(|(known, _)| *known == name).map(|(_, help)| *help);
    known.unwrap_or(
        "put `#[bedrock::contract]` on its definition, or say what it is in JSON: `#[contract(as = \"String\")]`",
    )
}

/// Reads a type that no attributes belong to, for example the event in `impl Worker`.
pub(crate) fn read_plain_type(ty: &syn::Type) -> syn::Result<FieldType> {
    read_type(ty, &Attributes::default())
}

/// Reads the type of a field.
pub(crate) fn read_type(ty: &syn::Type, attributes: &Attributes) -> syn::Result<FieldType> {
    if let Some(other) = &attributes.as_type {
        // Whatever the field is in Rust, a function of serde makes this of it.
        let read = read_written_type(other, &Attributes::default())?;
        return Ok(FieldType { path: None, ..read });
    }
    read_written_type(ty, attributes)
}

fn read_written_type(ty: &syn::Type, attributes: &Attributes) -> syn::Result<FieldType> {
    match ty {
        syn::Type::Paren(inner) => read_written_type(&inner.elem, attributes),
        syn::Type::Group(inner) => read_written_type(&inner.elem, attributes),
        syn::Type::Tuple(tuple) if tuple.elems.is_empty() => Ok(FieldType::of(Type::Null, quote!(()))),
        syn::Type::Tuple(_) => Err(error(ty.span(), "a contract has no tuples", "use a struct with named fields")),
        syn::Type::Array(_) => Err(error(ty.span(), "a contract has no lists of a fixed length", "use `Vec<T>`")),
        syn::Type::Reference(_) => {
            Err(error(ty.span(), "an event cannot borrow", "use a type without a lifetime, for example `String`"))
        }
        syn::Type::Path(path) if path.qself.is_none() => read_path(&path.path, attributes),
        other => Err(error(other.span(), "this is not a type of JSON", help_for(""))),
    }
}

fn read_path(path: &syn::Path, attributes: &Attributes) -> syn::Result<FieldType> {
    let Some(last) = path.segments.last() else {
        return Err(error(path.span(), "this is not a type of JSON", help_for("")));
    };
    let name = last.ident.to_string();
    if attributes.format == Some(StringFormat::Base64) && is_byte_list(last) {
        return Ok(leaf_with_format(StringFormat::Base64, None));
    }
    if is_of_library(path) {
        if let Some(wrapper) = read_wrapper(last, &name, attributes)? {
            return Ok(wrapper);
        }
        let is_string = name == "String" && last.arguments.is_none();
        if let Some(format) = attributes.format {
            return Ok(leaf_with_format(format, is_string.then(|| quote!(::std::string::String))));
        }
        if let Some(leaf) = read_leaf(last, &name, attributes)? {
            return Ok(leaf);
        }
    } else if let Some(format) = attributes.format {
        return Ok(leaf_with_format(format, None));
    }
    if !last.arguments.is_none() {
        return Err(error(last.span(), &format!("`{name}` is generic, which no contract is"), help_for(&name)));
    }
    Ok(FieldType { ty: Type::Reference(name), path: None, references: vec![path.clone()] })
}

/// Whether a path may name a type of the standard library or of `serde_json`.
fn is_of_library(path: &syn::Path) -> bool {
    let first = path.segments.first().map(|segment| segment.ident.to_string()).unwrap_or_default();
    path.segments.len() == 1 || ["std", "core", "alloc", "serde_json"].contains(&first.as_str())
}

fn is_byte_list(segment: &PathSegment) -> bool {
    segment.ident == "Vec" && matches!(&arguments(segment)[..], [syn::Type::Path(inner)] if inner.path.is_ident("u8"))
}

/// A string with a format. Without `path`, it is another type that serde writes as a string.
fn leaf_with_format(format: StringFormat, path: Option<TokenStream>) -> FieldType {
    FieldType { ty: Type::String(format), path, references: Vec::new() }
}

/// Reads a type that contains others. Returns `None` for all other types.
fn read_wrapper(segment: &PathSegment, name: &str, attributes: &Attributes) -> syn::Result<Option<FieldType>> {
    let span = segment.ident.span();
    let arguments = arguments(segment);
    let inner = |index: usize| match arguments.get(index) {
        Some(ty) => read_written_type(ty, attributes),
        None => Err(error(span, &format!("`{name}` without its type"), "write the type in `<…>`")),
    };
    let list =
        |path: TokenStream| inner(0).map(|item| item.map(|ty| Type::List(Box::new(ty)), |inner| quote!(#path<#inner>)));
    let same = |path: TokenStream| inner(0).map(|item| item.map(|ty| ty, |inner| quote!(#path<#inner>)));
    Ok(Some(match name {
        "Option" => {
            let item = inner(0)?;
            if matches!(item.ty, Type::Nullable(_) | Type::Null) {
                let help = "use `Option<T>`: an absent field and `null` are both `None`";
                return Err(error(span, "JSON has one `null` only", help));
            }
            item.map(Type::nullable, |inner| quote!(::core::option::Option<#inner>))
        }
        "Vec" if is_byte_list(segment) => {
            let help = "use `String` with `#[contract(format = \"base64\")]`, and encode the bytes";
            return Err(error(span, "serde writes bytes as a list of numbers", help));
        }
        "Vec" => list(quote!(::std::vec::Vec))?,
        "VecDeque" => list(quote!(::std::collections::VecDeque))?,
        "BTreeSet" => list(quote!(::std::collections::BTreeSet))?,
        "HashSet" => list(quote!(::std::collections::HashSet))?,
        "Box" => same(quote!(::std::boxed::Box))?,
        "HashMap" | "BTreeMap" => {
            let key = arguments.first().map(|key| quote!(#key).to_string()).unwrap_or_default();
            if key.rsplit(' ').next() != Some("String") {
                let key_span = arguments.first().map_or(span, Spanned::span);
                return Err(error(key_span, "the names of a JSON object are strings", "use `String` as the key"));
            }
            let map = Ident::new(name, Span::call_site());
            let path = quote!(::std::collections::#map);
            inner(1)?.map(|ty| Type::Map(Box::new(ty)), |inner| quote!(#path<::std::string::String, #inner>))
        }
        _ => return Ok(None),
    }))
}

/// Reads a type without parts. Returns `None` if the name is not that of one.
fn read_leaf(segment: &PathSegment, name: &str, attributes: &Attributes) -> syn::Result<Option<FieldType>> {
    let span = segment.ident.span();
    let number = |min: i64, max: i64| {
        let ident = Ident::new(name, Span::call_site());
        FieldType::of(Type::Integer(Range { min, max }), quote!(::core::primitive::#ident))
    };
    Ok(Some(match name {
        "bool" => FieldType::of(Type::Bool, quote!(::core::primitive::bool)),
        "u8" => number(0, u8::MAX.into()),
        "u16" => number(0, u16::MAX.into()),
        "u32" => number(0, u32::MAX.into()),
        "i8" => number(i8::MIN.into(), i8::MAX.into()),
        "i16" => number(i16::MIN.into(), i16::MAX.into()),
        "i32" => number(i32::MIN.into(), i32::MAX.into()),
        "u64" | "usize" if attributes.is_safe_integer => number(0, MAX_SAFE_INTEGER),
        "i64" | "isize" if attributes.is_safe_integer => number(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER),
        "u64" | "usize" | "i64" | "isize" => {
            let help = "use 32 bits, or `String`, or promise not to go beyond that: `#[contract(safe_int)]`";
            return Err(error(span, "JavaScript rounds integers beyond ±9007199254740991", help));
        }
        "u128" | "i128" => {
            return Err(error(span, "JavaScript rounds integers beyond ±9007199254740991", "use `String`"));
        }
        "f32" | "f64" => {
            let ident = &segment.ident;
            FieldType::of(Type::Number, quote!(::core::primitive::#ident))
        }
        "String" => FieldType::of(Type::String(StringFormat::Text), quote!(::std::string::String)),
        "char" | "str" => return Err(error(span, &format!("`{name}` is not a type of JSON"), "use `String`")),
        "Value" if segment.arguments.is_none() => {
            FieldType::of(Type::Any, quote!(::bedrock::__private::v1::serde_json::Value))
        }
        _ => return Ok(None),
    }))
}

/// Returns the types in `<…>`.
fn arguments(segment: &PathSegment) -> Vec<syn::Type> {
    let PathArguments::AngleBracketed(list) = &segment.arguments else { return Vec::new() };
    let types = list.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    });
    types.collect()
}
