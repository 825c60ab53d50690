//! A struct or an enum with `#[bedrock::contract]`: its form in an event, which is read, and in a response, which is
//! written.

use std::collections::BTreeMap;

use bedrock_build::contract::{Field, Root, Struct, Type, type_name};
use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Fields, Ident, Item, ItemEnum, ItemStruct, Variant};

use crate::attributes::{Attributes, is_option_list};
use crate::error;
use crate::field_type::{FieldType, read_type};
use crate::rename_rule::RenameRule;

/// A type of a contract, and what its expansion has to check.
pub struct ContractItem {
    /// Its name in Rust and in the contract.
    pub ident: Ident,
    pub(crate) event: Form,
    pub(crate) response: Form,
    /// The types of all fields, as they are written and as they were read.
    pub fields: Vec<WrittenType>,
}

/// A type as it is written in the source, and what was read from it.
pub struct WrittenType {
    /// The type in the source.
    pub written: syn::Type,
    /// What it is in JSON.
    pub read: FieldType,
}

/// What a type is in one direction. References may be to types that are another name for a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// Another name for a type: `struct Id(String)`.
    Alias(Type),
    Struct(Struct),
    Enum(Vec<String>),
    Union {
        tag: String,
        variants: BTreeMap<String, VariantForm>,
    },
}

/// What an alternative of a union contains, in addition to the tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VariantForm {
    Fields(Struct),
    /// The fields of the type with this name.
    FieldsOf(String),
}

impl ContractItem {
    pub(crate) fn form(&self, root: Root) -> &Form {
        match root {
            Root::Event => &self.event,
            Root::Response => &self.response,
        }
    }
}

/// Returns whether an item has the attribute `#[bedrock::contract]`.
pub fn is_contract(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        let is_plain = matches!(attribute.meta, syn::Meta::Path(_));
        is_plain
            && path.segments.last().is_some_and(|last| last.ident == "contract")
            && (path.segments.len() == 1 || path.segments.first().is_some_and(|first| first.ident == "bedrock"))
    })
}

/// Removes the attributes `#[contract(…)]` of fields, which only this crate understands.
pub fn remove_attributes(item: &mut Item) {
    let remove = |fields: &mut Fields| {
        for field in fields {
            field.attrs.retain(|attribute| !is_option_list(attribute));
        }
    };
    match item {
        Item::Struct(item) => remove(&mut item.fields),
        Item::Enum(item) => item.variants.iter_mut().for_each(|variant| remove(&mut variant.fields)),
        _ => {}
    }
}

/// Reads a struct or an enum. The error has all problems.
pub fn read_item(item: &Item) -> syn::Result<ContractItem> {
    let mut reader = ItemReader { errors: Vec::new(), fields: Vec::new() };
    let ident = match item {
        Item::Struct(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        other => {
            let help = "put it on the definition of a type";
            return Err(error(other.span(), "`#[bedrock::contract]` must be on a struct or an enum", help));
        }
    };
    reader.check_name(ident);
    let [event, response] = match item {
        Item::Struct(item) => reader.read_struct(item),
        Item::Enum(item) => reader.read_enum(item),
        _ => [Form::Alias(Type::Any), Form::Alias(Type::Any)],
    };
    let all = reader.errors.into_iter().reduce(|mut all, error| {
        all.combine(error);
        all
    });
    match all {
        Some(error) => Err(error),
        None => Ok(ContractItem { ident: ident.clone(), event, response, fields: reader.fields }),
    }
}

/// The fields of a struct or a variant in both directions.
#[derive(Default)]
struct BothStructs {
    event: Struct,
    response: Struct,
}

struct ItemReader {
    errors: Vec<syn::Error>,
    fields: Vec<WrittenType>,
}

impl ItemReader {
    fn check_name(&mut self, ident: &Ident) {
        let name = ident.to_string();
        let valid = type_name(&name);
        if valid != name {
            let help = format!("call it `{valid}`");
            self.errors.push(error(ident.span(), &format!("`{name}` is not a name of a type in a contract"), &help));
        }
    }

    fn check_generics(&mut self, generics: &syn::Generics) {
        if !generics.params.is_empty() {
            let help = "write a type without parameters for each type that it is used with";
            self.errors.push(error(generics.span(), "a type of a contract cannot be generic", help));
        }
    }

    fn read_struct(&mut self, item: &ItemStruct) -> [Form; 2] {
        self.check_generics(&item.generics);
        let attributes = Attributes::read(&item.attrs, &mut self.errors);
        match &item.fields {
            Fields::Unit => [Form::Alias(Type::Null), Form::Alias(Type::Null)],
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => self.read_alias(&fields.unnamed[0]),
            Fields::Unnamed(fields) => {
                self.errors.push(error(fields.span(), "a contract has no tuples", "give the fields names"));
                [Form::Alias(Type::Any), Form::Alias(Type::Any)]
            }
            Fields::Named(fields) if attributes.is_transparent && fields.named.len() == 1 => {
                self.read_alias(&fields.named[0])
            }
            Fields::Named(_) => {
                if let Some(tag) = attributes.tag {
                    let help = "leave it out, or use an enum with one variant";
                    self.errors.push(error(tag.span(), "a struct with a tag", help));
                }
                let both = self.read_fields(&item.fields, attributes.rename_all, attributes.has_default);
                [Form::Struct(both.event), Form::Struct(both.response)]
            }
        }
    }

    fn read_alias(&mut self, field: &syn::Field) -> [Form; 2] {
        let attributes = Attributes::read(&field.attrs, &mut self.errors);
        let ty = self.read_type(&field.ty, &attributes).map_or(Type::Any, |read| read.ty);
        [Form::Alias(ty.clone()), Form::Alias(ty)]
    }

    fn read_type(&mut self, written: &syn::Type, attributes: &Attributes) -> Option<FieldType> {
        match read_type(written, attributes) {
            Ok(read) => {
                // A type that an attribute describes is not the one in the source.
                let written = attributes.as_type.as_ref().unwrap_or(written).clone();
                self.fields.push(WrittenType { written, read: read.clone() });
                Some(read)
            }
            Err(error) => {
                self.errors.push(error);
                None
            }
        }
    }

    fn read_fields(&mut self, fields: &Fields, rename_all: RenameRule, has_default: bool) -> BothStructs {
        let mut both = BothStructs::default();
        for field in fields {
            let Some(ident) = &field.ident else { continue };
            let attributes = Attributes::read(&field.attrs, &mut self.errors);
            if attributes.is_skipped {
                continue;
            }
            let Some(FieldType { ty, .. }) = self.read_type(&field.ty, &attributes) else { continue };
            let name = attributes.rename.clone().unwrap_or_else(|| rename_all.field(&ident.unraw().to_string()));
            self.check_field_name(ident.span(), &name, &both.event);
            let is_option = is_option(&field.ty);
            let is_absent_none = is_option && !attributes.is_read_by_function;
            let is_required = !(attributes.has_default || has_default || is_absent_none);
            both.event.fields.insert(name.clone(), Field { ty: ty.clone(), is_required });
            if attributes.is_skipped_in_responses {
                continue;
            }
            let skips_none =
                attributes.skip_if.as_deref().is_some_and(|function| function.ends_with("Option::is_none"));
            let ty = match ty {
                Type::Nullable(inner) if skips_none => *inner,
                other => other,
            };
            both.response.fields.insert(name, Field { ty, is_required: attributes.skip_if.is_none() });
        }
        both
    }

    fn check_field_name(&mut self, span: Span, name: &str, known: &Struct) {
        if known.fields.contains_key(name) {
            let message = format!("two fields are called `{}` in JSON", name.escape_debug());
            self.errors.push(error(span, &message, "rename one of them"));
        }
        if name.is_empty() || name.chars().any(char::is_control) {
            let help = "use a name that is not empty and has no control characters";
            self.errors.push(error(span, "not a name of a field", help));
        }
    }

    fn read_enum(&mut self, item: &ItemEnum) -> [Form; 2] {
        self.check_generics(&item.generics);
        let attributes = Attributes::read(&item.attrs, &mut self.errors);
        if attributes.is_transparent {
            self.errors.push(syn::Error::new(item.ident.span(), "an enum cannot be transparent"));
        }
        let is_plain = item.variants.iter().all(|variant| matches!(variant.fields, Fields::Unit));
        if attributes.tag.is_none() && !is_plain {
            let help = "name a field that tells the values apart: `#[serde(tag = \"kind\")]`";
            self.errors.push(error(item.ident.span(), "an enum with data has no tag", help));
            return [Form::Enum(Vec::new()), Form::Enum(Vec::new())];
        }
        let mut both = BothVariants::default();
        for variant in &item.variants {
            let own = Attributes::read(&variant.attrs, &mut self.errors);
            if own.is_skipped {
                continue;
            }
            let name = own.rename.clone();
            let name = name.unwrap_or_else(|| attributes.rename_all.variant(&variant.ident.unraw().to_string()));
            if both.event.contains_key(&name) {
                let message = format!("two variants are called `{}` in JSON", name.escape_debug());
                self.errors.push(error(variant.ident.span(), &message, "rename one of them"));
            }
            let rename_all =
                if own.rename_all == RenameRule::None { attributes.rename_all_fields } else { own.rename_all };
            let is_in_responses = !own.is_skipped_in_responses;
            let [event, response] = match (&attributes.tag, &attributes.content) {
                (Some(_), Some(content)) => self.read_content(variant, &content.value()),
                _ => self.read_variant(variant, rename_all),
            };
            both.event.insert(name.clone(), event);
            if is_in_responses {
                both.response.insert(name, response);
            }
        }
        if both.response.is_empty() {
            self.errors.push(error(item.ident.span(), "an enum without values", "add a variant"));
        }
        match attributes.tag {
            None => [both.event, both.response].map(|names| Form::Enum(names.into_keys().collect())),
            Some(tag) => {
                let has_tag = |form: &VariantForm| matches!(form, VariantForm::Fields(one) if one.fields.contains_key(&tag.value()));
                if both.event.values().any(has_tag) {
                    let help = "call the tag or the field otherwise";
                    self.errors.push(error(tag.span(), "a field has the name of the tag", help));
                }
                [both.event, both.response].map(|variants| Form::Union { tag: tag.value(), variants })
            }
        }
    }

    /// Reads a variant whose fields are next to the tag.
    fn read_variant(&mut self, variant: &Variant, rename_all: RenameRule) -> [VariantForm; 2] {
        match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                let field = &fields.unnamed[0];
                let attributes = Attributes::read(&field.attrs, &mut self.errors);
                let form = match self.read_type(&field.ty, &attributes).map(|read| read.ty) {
                    Some(Type::Reference(name)) => VariantForm::FieldsOf(name),
                    None => VariantForm::Fields(Struct::default()),
                    Some(_) => {
                        let help =
                            "use a struct with fields, or add `content = \"value\"` to the attribute of the enum";
                        self.errors.push(error(field.ty.span(), "the tag has no object to be in", help));
                        VariantForm::Fields(Struct::default())
                    }
                };
                [form.clone(), form]
            }
            Fields::Unnamed(fields) => {
                self.errors.push(error(fields.span(), "a contract has no tuples", "give the fields names"));
                [VariantForm::Fields(Struct::default()), VariantForm::Fields(Struct::default())]
            }
            Fields::Named(_) | Fields::Unit => {
                let both = self.read_fields(&variant.fields, rename_all, false);
                [VariantForm::Fields(both.event), VariantForm::Fields(both.response)]
            }
        }
    }

    /// Reads a variant whose value is in the field `content`.
    fn read_content(&mut self, variant: &Variant, content: &str) -> [VariantForm; 2] {
        let mut one = Struct::default();
        match &variant.fields {
            Fields::Unit => {}
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                let field = &fields.unnamed[0];
                let attributes = Attributes::read(&field.attrs, &mut self.errors);
                if let Some(FieldType { ty, .. }) = self.read_type(&field.ty, &attributes) {
                    // Serde reads an absent content as `None`.
                    let is_required = !is_option(&field.ty);
                    one.fields.insert(content.to_owned(), Field { ty, is_required });
                }
            }
            other => {
                let help = "put them into a struct with `#[bedrock::contract]`, or leave out `content`";
                self.errors.push(error(other.span(), "the content of a variant has no name", help));
            }
        }
        let mut response = one.clone();
        response.fields.values_mut().for_each(|field| field.is_required = true);
        [VariantForm::Fields(one), VariantForm::Fields(response)]
    }
}

/// The variants of an enum in both directions.
#[derive(Default)]
struct BothVariants {
    event: BTreeMap<String, VariantForm>,
    response: BTreeMap<String, VariantForm>,
}

/// Whether a type is written as an `Option`.
fn is_option(ty: &syn::Type) -> bool {
    match ty {
        syn::Type::Paren(inner) => is_option(&inner.elem),
        syn::Type::Group(inner) => is_option(&inner.elem),
        syn::Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "Option"),
        _ => false,
    }
}
