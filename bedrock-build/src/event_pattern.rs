//! Event patterns, with which EventBridge rules choose events and event source mappings choose messages (EventBridge user
//! guide, "Event patterns"). This module reads them and reports what AWS would refuse; `bedrock-model` compares them with
//! events.

mod parse;
mod syntax;

pub use syntax::{
    Comparison, EventPattern, FieldPattern, NumericComparison, NumericOperator, PatternDialect, PatternValue, Scalar,
    TextComparison, TextPart,
};

#[cfg(test)]
mod tests;
