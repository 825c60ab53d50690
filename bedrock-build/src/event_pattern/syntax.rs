//! The syntax tree of event patterns.

use std::net::IpAddr;

/// A value of a pattern before it is read, in the shape of JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum PatternValue {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// The text of a number in JSON.
    Number(String),
    /// A string.
    String(String),
    /// An array.
    List(Vec<Self>),
    /// An object, with the order of its members.
    Table(Vec<(String, Self)>),
}

/// Which comparisons a service knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternDialect {
    /// Rules of an event bus.
    EventBridge,
    /// Filters of an event source mapping (Lambda developer guide, "Filter rule syntax").
    EventSourceMapping,
}

/// A pattern: all of its fields must match, and one of its alternatives if it has any.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventPattern {
    /// The fields by name.
    pub fields: Vec<(String, FieldPattern)>,
    /// The patterns of `$or`. Empty if there is no `$or`.
    pub alternatives: Vec<Self>,
}

/// What a field must contain.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldPattern {
    /// An object whose fields match.
    Fields(EventPattern),
    /// A value that one of these comparisons accepts. At least one.
    Values(Vec<Comparison>),
}

/// A comparison with one value of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    /// `"x"`, `1`, `true`, `null`
    Equals(Scalar),
    /// `{ "prefix": "x" }` and others that compare text.
    Text(TextComparison),
    /// `{ "anything-but": … }`: the field exists, and none of these accepts it.
    AnythingBut(Vec<Self>),
    /// `{ "numeric": [">", 0, "<=", 5] }`: all of them are true.
    Numeric(Vec<NumericComparison>),
    /// `{ "exists": true }`
    Exists(bool),
    /// `{ "cidr": "10.0.0.0/24" }`
    Cidr(IpAddr, u8),
}

/// A value that is not a list or an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number, which AWS compares by its text: 300 is not 300.0.
    Number(String),
    /// A string.
    String(String),
}

/// A comparison of a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextComparison {
    /// Which part is compared.
    pub part: TextPart,
    /// The text to compare with.
    pub text: String,
    /// Whether upper and lower case are the same.
    pub ignores_case: bool,
}

/// Which part of a string is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextPart {
    /// All of it.
    Whole,
    /// Its beginning.
    Prefix,
    /// Its end.
    Suffix,
    /// All of it, with `*` for any characters, and `\` before a `*` or `\` that stands for itself.
    Wildcard,
}

/// One bound of `numeric`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumericComparison {
    /// The operator.
    pub operator: NumericOperator,
    /// The number on its right side.
    pub number: f64,
}

/// An operator of `numeric`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumericOperator {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}
