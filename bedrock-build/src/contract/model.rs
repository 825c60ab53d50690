//! The model of a contract: two roots, and the named types that they use.

use std::collections::BTreeMap;

/// The largest integer that JavaScript represents exactly, 2^53 − 1.
pub const MAX_SAFE_INTEGER: i64 = 9_007_199_254_740_991;

/// What a worker reads and what it writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// The event, as the worker reads it.
    pub event: Type,
    /// The response, as the worker writes it.
    pub response: Type,
    /// The named types. Each is used by a root or by another type.
    pub definitions: BTreeMap<String, Definition>,
}

/// A type of JSON values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Any JSON value.
    Any,
    /// `null` only.
    Null,
    /// `true` and `false`.
    Bool,
    /// Integers in a range.
    Integer(Range),
    /// Numbers, as 64-bit floating point.
    Number,
    /// Strings.
    String(StringFormat),
    /// Lists of one type.
    List(Box<Type>),
    /// Objects with any names, whose values are of one type.
    Map(Box<Type>),
    /// The named type in [`Contract::definitions`].
    Reference(String),
    /// `null` or the type, which is neither nullable nor [`Type::Any`] nor [`Type::Null`].
    Nullable(Box<Type>),
}

/// The smallest and the largest integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The smallest integer, at least −[`MAX_SAFE_INTEGER`].
    pub min: i64,
    /// The largest integer, at most [`MAX_SAFE_INTEGER`].
    pub max: i64,
}

impl Range {
    /// All integers that every language represents exactly.
    pub const SAFE: Self = Self { min: -MAX_SAFE_INTEGER, max: MAX_SAFE_INTEGER };
}

/// What a string contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringFormat {
    /// Any text.
    Text,
    /// A date with time and offset, as in RFC 3339.
    DateTime,
    /// A date, as in RFC 3339.
    Date,
    /// A UUID.
    Uuid,
    /// An absolute URI.
    Uri,
    /// An e-mail address.
    Email,
    /// A decimal number, which a JSON number would round.
    Decimal,
    /// Bytes in Base64.
    Base64,
}

impl StringFormat {
    /// The formats with a name in JSON Schema.
    pub const NAMED: [Self; 6] = [Self::DateTime, Self::Date, Self::Uuid, Self::Uri, Self::Email, Self::Decimal];

    /// Returns the value of `format`, or an empty text for [`StringFormat::Text`] and [`StringFormat::Base64`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Text | Self::Base64 => "",
            Self::DateTime => "date-time",
            Self::Date => "date",
            Self::Uuid => "uuid",
            Self::Uri => "uri",
            Self::Email => "email",
            Self::Decimal => "decimal",
        }
    }
}

/// A named type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Definition {
    /// An object with these fields.
    Struct(Struct),
    /// One of these strings, sorted.
    Enum(Vec<String>),
    /// One of several objects, which a field tells apart.
    Union(Union),
}

/// The fields of an object, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Struct {
    /// The fields.
    pub fields: BTreeMap<String, Field>,
}

/// A field of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The type of its value.
    pub ty: Type,
    /// Whether it must be there. An absent field is not a `null`.
    pub is_required: bool,
}

/// Objects that differ in the value of the field `tag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Union {
    /// The name of the field.
    pub tag: String,
    /// The other fields, by the value of the tag.
    pub variants: BTreeMap<String, Struct>,
}

impl Contract {
    /// Returns the definition of a reference.
    pub fn definition(&self, name: &str) -> Option<&Definition> {
        self.definitions.get(name)
    }

    /// Removes the definitions that no root needs.
    pub(super) fn remove_unused(&mut self) {
        let mut used = std::collections::BTreeSet::new();
        let mut open = Vec::new();
        references(&self.event, &mut open);
        references(&self.response, &mut open);
        while let Some(name) = open.pop() {
            if used.insert(name.clone()) {
                for ty in self.definitions.get(&name).into_iter().flat_map(Definition::types) {
                    references(ty, &mut open);
                }
            }
        }
        self.definitions.retain(|name, _| used.contains(name));
    }
}

impl Definition {
    /// Returns the types of all fields.
    pub fn types(&self) -> Vec<&Type> {
        let structs: Vec<&Struct> = match self {
            Self::Struct(one) => vec![one],
            Self::Enum(_) => Vec::new(),
            Self::Union(union) => union.variants.values().collect(),
        };
        structs.into_iter().flat_map(|one| one.fields.values().map(|field| &field.ty)).collect()
    }
}

impl Type {
    /// Returns the type that is `null` or this type.
    #[must_use]
    pub fn nullable(self) -> Self {
        match self {
            Self::Any | Self::Null | Self::Nullable(_) => self,
            other => Self::Nullable(Box::new(other)),
        }
    }
}

/// Adds the names that `ty` refers to.
pub(super) fn references(ty: &Type, names: &mut Vec<String>) {
    match ty {
        Type::Reference(name) => names.push(name.clone()),
        Type::List(inner) | Type::Map(inner) | Type::Nullable(inner) => references(inner, names),
        _ => {}
    }
}
