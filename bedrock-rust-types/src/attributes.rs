//! The attributes of a type, a variant or a field: those of serde, and `#[contract(…)]`. What does not mean the same in
//! every language is refused with what to write instead.

use bedrock_build::contract::StringFormat;
use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, LitStr, Token, Type, parenthesized, token};

use crate::error;
use crate::rename_rule::RenameRule;

/// Attributes of serde that change nothing in JSON. An `alias` is a name that callers do not learn.
const WITHOUT_EFFECT: [&str; 5] = ["alias", "bound", "crate", "deny_unknown_fields", "expecting"];

const SAY_JSON: &str =
    "say what it is in JSON: `#[contract(as = \"String\")]`, or `#[contract(format = \"date-time\")]`";

/// Attributes of serde that are refused, and what to do instead.
const REFUSED: [(&str, &str); 10] = [
    ("flatten", "write the fields into this struct, or leave them in a field of their own"),
    ("untagged", "name a field that tells the values apart: `#[serde(tag = \"kind\")]`"),
    ("other", "list all values, or use `String`"),
    ("from", "put `#[bedrock::contract]` on the type that it is converted from, and convert in `execute`"),
    ("try_from", "put `#[bedrock::contract]` on the type that it is converted from, and convert in `execute`"),
    ("into", "put `#[bedrock::contract]` on the type that it is converted into, and convert in `execute`"),
    ("remote", "write a type of your own with the same fields"),
    ("getter", "write a type of your own with the same fields"),
    ("borrow", "use types without lifetimes, for example `String`"),
    ("skip_deserializing", "use `skip`: a caller in Rust sends the field"),
];

/// What the attributes of a type, a variant or a field say.
#[allow(clippy::struct_excessive_bools, reason = "each is an attribute without a value")]
#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) rename: Option<String>,
    pub(crate) rename_all: RenameRule,
    pub(crate) rename_all_fields: RenameRule,
    pub(crate) tag: Option<LitStr>,
    pub(crate) content: Option<LitStr>,
    pub(crate) is_transparent: bool,
    /// An absent field gets a default when it is read.
    pub(crate) has_default: bool,
    pub(crate) is_skipped: bool,
    pub(crate) is_skipped_in_responses: bool,
    /// The predicate of `skip_serializing_if`.
    pub(crate) skip_if: Option<String>,
    /// `with`, `serialize_with`, `deserialize_with`: functions decide what the field is in JSON.
    with: Option<Span>,
    /// Whether a function reads the field. Then serde does not take an absent field for `None`.
    pub(crate) is_read_by_function: bool,
    /// `#[contract(as = "T")]`
    pub(crate) as_type: Option<Type>,
    /// `#[contract(format = "date-time")]`
    pub(crate) format: Option<StringFormat>,
    /// `#[contract(safe_int)]`
    pub(crate) is_safe_integer: bool,
}

impl Attributes {
    /// Reads the attributes. All problems are added to `errors`.
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Vec<syn::Error>) -> Self {
        let mut all = Self::default();
        for attribute in attributes {
            let path = attribute.path();
            let result = if path.is_ident("serde") {
                attribute.parse_nested_meta(|meta| all.read_serde(&meta, errors))
            } else if is_option_list(attribute) {
                attribute.parse_nested_meta(|meta| all.read_contract(&meta))
            } else if path.is_ident("cfg") || path.is_ident("cfg_attr") && mentions_serde(attribute) {
                let help = "leave it out: the type is the same in every build";
                Err(error(path.span(), "a type of a contract cannot depend on the build", help))
            } else {
                Ok(())
            };
            errors.extend(result.err());
        }
        if let Some(span) = all.with.filter(|_| all.as_type.is_none() && all.format.is_none()) {
            errors.push(error(span, "a function decides what the field is in JSON", SAY_JSON));
        }
        all
    }

    fn read_serde(&mut self, meta: &ParseNestedMeta<'_>, errors: &mut Vec<syn::Error>) -> syn::Result<()> {
        let span = meta.path.span();
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let value = read_value(meta, errors)?;
        let text = value.as_ref().map(LitStr::value);
        match name.as_str() {
            "rename" => self.rename = text,
            "rename_all" => self.rename_all = rule(value.as_ref(), span)?,
            "rename_all_fields" => self.rename_all_fields = rule(value.as_ref(), span)?,
            "tag" => self.tag = value,
            "content" => self.content = value,
            "transparent" => self.is_transparent = true,
            "default" => self.has_default = true,
            "skip" => self.is_skipped = true,
            "skip_serializing" => self.is_skipped_in_responses = true,
            "skip_serializing_if" => self.skip_if = text,
            "with" | "deserialize_with" | "serialize_with" => {
                self.with = Some(span);
                self.is_read_by_function |= name != "serialize_with";
            }
            known if WITHOUT_EFFECT.contains(&known) => {}
            other => {
                let help = REFUSED.iter().find(|(refused, _)| *refused == other).map(|(_, help)| *help);
                let help = help.unwrap_or("remove it, or convert from a type without it in `execute`");
                errors.push(error(span, &format!("a contract cannot follow `#[serde({other})]`"), help));
            }
        }
        Ok(())
    }

    fn read_contract(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match name.as_str() {
            "as" => self.as_type = Some(meta.value()?.parse::<LitStr>()?.parse()?),
            "format" => {
                let text: LitStr = meta.value()?.parse()?;
                let format = match text.value().as_str() {
                    "base64" => Some(StringFormat::Base64),
                    name => StringFormat::NAMED.into_iter().find(|format| format.name() == name),
                };
                let help = "the formats are `date-time`, `date`, `uuid`, `uri`, `email`, `decimal` and `base64`";
                let message = format!("unknown format `{}`", text.value().escape_debug());
                self.format = Some(format.ok_or_else(|| error(text.span(), &message, help))?);
            }
            "safe_int" => self.is_safe_integer = true,
            _ => {
                let help = "the options are `as = \"T\"`, `format = \"…\"` and `safe_int`";
                return Err(error(meta.path.span(), "unknown option of `#[contract]`", help));
            }
        }
        Ok(())
    }
}

/// Returns whether an attribute is `#[contract(…)]`, the options of a field.
pub(crate) fn is_option_list(attribute: &Attribute) -> bool {
    attribute.path().is_ident("contract") && matches!(attribute.meta, syn::Meta::List(_))
}

fn mentions_serde(attribute: &Attribute) -> bool {
    let syn::Meta::List(list) = &attribute.meta else { return false };
    list.tokens.clone().into_iter().any(|token| token.to_string() == "serde")
}

/// Reads `= "value"`, `(serialize = "…", deserialize = "…")` or no value.
fn read_value(meta: &ParseNestedMeta<'_>, errors: &mut Vec<syn::Error>) -> syn::Result<Option<LitStr>> {
    if meta.input.peek(Token![=]) {
        return meta.value()?.parse().map(Some);
    }
    if !meta.input.peek(token::Paren) {
        return Ok(None);
    }
    let content;
    parenthesized!(content in meta.input);
    let mut values: Vec<LitStr> = Vec::new();
    while !content.is_empty() {
        content.call(<syn::Ident as syn::ext::IdentExt>::parse_any)?;
        content.parse::<Token![=]>()?;
        values.push(content.parse()?);
        content.parse::<Option<Token![,]>>()?;
    }
    let is_one = values.len() == 2 && values[0].value() == values[1].value();
    if !is_one && !meta.path.is_ident("bound") {
        let help = "use one name for both: callers in Rust write what the worker reads";
        errors.push(error(meta.path.span(), "the names for reading and for writing differ", help));
    }
    Ok(values.into_iter().next())
}

fn rule(value: Option<&LitStr>, span: Span) -> syn::Result<RenameRule> {
    let Some(value) = value else { return Err(syn::Error::new(span, "expected a rule, for example `\"camelCase\"`")) };
    let message = || format!("unknown rule `{}`", value.value().escape_debug());
    RenameRule::parse(&value.value()).ok_or_else(|| syn::Error::new(value.span(), message()))
}
